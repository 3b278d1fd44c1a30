"""Kernels are forked from a process that has TensorFlow already, and watched from outside."""

import os
import sys
import time

import pytest

from autograder.course.provisioner import AVAILABLE, ForkedProcess, ForkServer, ForkServerError

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="kernels are not forked on this system")


def test_a_process_of_someone_else_is_watched_to_its_end():
    pid = os.fork()
    if not pid:
        time.sleep(60)
        os._exit(0)
    process = ForkedProcess(pid)
    assert process.poll() is None
    process.kill()
    os.waitpid(pid, 0)
    assert process.wait() == 0
    assert process.poll() == 0
    process.kill()  # a second time is no error


def test_a_process_that_is_gone_already_has_ended():
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    assert ForkedProcess(pid).poll() is not None


def test_a_server_that_cannot_start_tells_why(tmp_path, monkeypatch):
    (tmp_path / "broken").write_text("#!/bin/sh\necho no such module >&2\n")
    (tmp_path / "broken").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "broken"))
    server = ForkServer(str(tmp_path / "log"))
    with pytest.raises(ForkServerError, match="no such module"):
        server.fork([], "/", {}, str(tmp_path / "kernel.log"))
