"""The relay passes messages between a kernel and the grader, but none that is too large."""

import contextlib
import os
import random
import socket
import sys
import threading
import time

import pytest
import zmq
from class_course import wait_for

from autograder.protocol.evidence import MAX_MESSAGE_BYTES
from autograder.sandbox.relay import CHUNK, MAX_FRAMES, Frames, Relay, RelayError

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(52, b"\0")
MORE, LONG, COMMAND = 1, 2, 4


def frame(size, flags=0):
    """The head of a frame, and so many bytes."""
    if size > 255:
        return bytes([flags | LONG]) + size.to_bytes(8, "big") + bytes(size)
    return bytes([flags, size]) + bytes(size)


MESSAGE = frame(3, MORE) + frame(0, MORE) + frame(70_000, MORE) + frame(5)


@pytest.mark.parametrize("seed", range(5))
def test_messages_are_followed_in_pieces_of_any_size(seed):
    chance, frames = random.Random(seed), Frames(MAX_MESSAGE_BYTES)
    data = GREETING + frame(30, COMMAND) + MESSAGE * 10
    while data:
        size = chance.choice((1, 2, 9, 64, 300, 200_000))
        frames.follow(data[:size])
        data = data[size:]


@pytest.mark.parametrize(
    "sent",
    [
        frame(MAX_MESSAGE_BYTES + 1)[:9],
        frame(2**20, MORE) * 18 + frame(1),
        bytes([LONG]) + b"\xff" * 8,
        frame(0, MORE) * (MAX_FRAMES + 1),
        (frame(2**20, MORE) + frame(3, COMMAND)) * 19,
        frame(5000, COMMAND),
        frame(5, COMMAND | MORE),
    ],
    ids=[
        *("one frame", "many frames", "beyond all measure", "empty frames", "commands between"),
        *("a long command", "a command with more"),
    ],
)
def test_a_message_that_is_too_large_is_refused_before_its_end(sent):
    frames = Frames(MAX_MESSAGE_BYTES)
    frames.follow(GREETING + MESSAGE)
    with pytest.raises(RelayError):
        frames.follow(sent)


@pytest.mark.parametrize("greeting", [GREETING[:10] + b"\x01" + GREETING[11:], frame(10) * 10])
def test_other_protocols_are_refused(greeting):
    with pytest.raises(RelayError):
        Frames(MAX_MESSAGE_BYTES).follow(greeting)


on_unix = pytest.mark.skipif(sys.platform != "linux", reason="Unix sockets, as on Linux")


@pytest.fixture
def refused():
    return []


@pytest.fixture
def relay(tmp_path, monkeypatch, refused):
    # The path of a Unix socket must be short.
    monkeypatch.chdir(tmp_path)
    with Relay(tmp_path / "r", MAX_MESSAGE_BYTES, refused.append) as relay:
        yield relay


@pytest.fixture
def sockets(relay):
    """Makes a pair of ZMQ sockets that meet through the relay: the kernel's and the grader's."""
    with contextlib.ExitStack() as until_the_end:
        context = until_the_end.enter_context(zmq.Context())

        def make(kernels, graders):
            pair = [until_the_end.enter_context(context.socket(kind)) for kind in (kernels, graders)]
            for each in pair:
                each.linger, each.rcvtimeo, each.sndtimeo = 0, 10_000, 10_000
            if graders == zmq.SUB:
                pair[1].subscribe(b"")
            pair[1].connect(f"ipc://{relay.address('kernel')}")
            # The kernel is there a moment later, as it is.
            time.sleep(0.3)
            pair[0].bind("ipc://kernel")
            return pair

        yield make


@on_unix
def test_messages_pass_both_ways(sockets):
    kernels, graders = sockets(zmq.ROUTER, zmq.DEALER)
    sent = [b"x", b"", bytes(3 * CHUNK), b"end"]
    for _ in range(5):
        graders.send_multipart(sent)
        received = kernels.recv_multipart()
        assert received[1:] == sent
        kernels.send_multipart(received)
        assert graders.recv_multipart() == sent


@on_unix
def test_nothing_is_lost_and_little_is_held_while_nobody_reads(sockets, relay):
    kernels, graders = sockets(zmq.PUSH, zmq.PULL)
    graders.rcvhwm = 1
    count, size = 200, 2**20

    def send():
        for number in range(count):
            kernels.send_multipart([b"%d" % number, bytes(size)])

    sending = threading.Thread(target=send)
    sending.start()
    time.sleep(1)
    assert held(relay) <= 2 * CHUNK
    for number in range(count):
        assert graders.recv_multipart()[0] == b"%d" % number
    sending.join()


def held(relay):
    """Bytes that wait in the relay."""
    sides = [key.data for key in list(relay._selector.get_map().values())]
    return sum(len(side.waiting) for side in sides if hasattr(side, "waiting"))


@on_unix
def test_a_message_of_many_large_frames_is_refused(sockets, refused):
    kernels, graders = sockets(zmq.PUSH, zmq.PULL)
    kernels.send(b"small")
    assert graders.recv() == b"small"
    kernels.send_multipart([bytes(2**20)] * 20)
    wait_for(lambda: refused)
    assert "more than 18 MiB" in refused[0]
    graders.rcvtimeo = 500
    with pytest.raises(zmq.Again):
        graders.recv_multipart()


@on_unix
def test_a_kernel_that_ends_ends_the_connection(relay):
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind("kernel")
        listening.listen()
        client.connect(relay.address("kernel"))
        client.settimeout(10)
        kernel, _ = listening.accept()
        kernel.sendall(GREETING + frame(10))
        kernel.close()
        received = b""
        while data := client.recv(1000):
            received += data
    assert received == GREETING + frame(10)


@on_unix
def test_the_relay_survives_connections_to_a_kernel_that_does_not_exist(relay):
    for _ in range(3):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(relay.address("nobody"))
            client.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(10) == b""


@on_unix
def test_it_leaves_no_thread_and_no_file_descriptor(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = threading.active_count(), len(os.listdir("/proc/self/fd"))
    with (
        Relay(tmp_path / "r", MAX_MESSAGE_BYTES, print) as relay,
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.connect(relay.address("nobody"))
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
