"""The grading kernel is started with this Python, and nothing that it sends grows large here."""

import sys
from pathlib import Path

import pytest
import zmq

from autograder.grading.kernel_manager import GradingKernelManager, GradingSession, bounded_context
from autograder.grading.kernels import Kernels
from autograder.grading.options import Grading
from autograder.grading.outputs import LEFT_OUT, MOST_TOKENS
from autograder.protocol.evidence import MAX_MESSAGE_BYTES


def test_sockets_hold_one_message_of_limited_size():
    context = bounded_context()
    assert context.getsockopt(zmq.MAXMSGSIZE) == MAX_MESSAGE_BYTES
    assert context.getsockopt(zmq.RCVHWM) == 1
    context.destroy()


@pytest.mark.parametrize("steps", [140, None], ids=["submission", "solution"])
def test_the_kernel_is_this_pythons_and_imports_nothing_beside_the_notebook(images, tmp_path, steps):
    kernels = Kernels(Grading(sandbox="off"), images, "fashion_mnist")
    manager = GradingKernelManager(kernels=kernels, run=tmp_path, steps=steps)
    argv = manager.kernel_spec.argv
    assert argv[:4] == [sys.executable, "-P", "-m", "autograder.kernel"]
    assert Path(argv[argv.index("--images") + 1]).is_file()
    assert argv[argv.index("--dataset") + 1] == "fashion_mnist"
    assert ("--steps" in argv) == (steps is not None)
    assert manager.confinement is None
    kernels.close()


def test_a_message_that_holds_too_much_is_read_without_its_content():
    session = GradingSession(key=b"a key")
    sent = session.msg("display_data", {"data": {"text/plain": [[]] * MOST_TOKENS}})
    received = session.deserialize(session.serialize(sent)[1:])
    assert (received["content"], received[LEFT_OUT]) == ({}, True)
    assert received["msg_id"] == sent["msg_id"]
    small = session.msg("display_data", {"data": {"text/plain": "1"}})
    assert session.deserialize(session.serialize(small)[1:])["content"] == small["content"]
