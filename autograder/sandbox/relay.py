"""Stands between a kernel's sockets and the grader's: no message that is too large gets through.

libzmq bounds each frame of a message (MAXMSGSIZE), but gathers them all before anybody sees one. The
relay carries bytes both ways, follows the frames that come from the kernel (ZMTP 3.1,
https://rfc.zeromq.org/spec/37/), and ends the connection over a message of too many bytes or frames.
It holds little itself: what one side does not take yet is not read from the other, so that the kernel
waits.
"""

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

CHUNK = 256 * 1024
"""Bytes that wait for one side of a connection, at most."""
MAX_FRAMES = 1000
"""A message has about seven, and one more for each buffer of a widget."""
MAX_COMMAND_BYTES = 4096
"""Of what sockets tell each other, as they do when they meet."""

_GREETING_BYTES = 64
_MORE, _LONG, _COMMAND = 1, 2, 4


class RelayError(ValueError):
    """The kernel sent what is not let through; the text says what."""


class Frames:
    """The frames of what a kernel sends over one connection, as far as it has come."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._greeted = False
        self._head = bytearray()
        """The beginning of a frame, or the greeting, as long as it is not whole."""
        self._head_bytes = _GREETING_BYTES
        self._body = 0
        """Bytes that are still to come of the frame."""
        self._message_bytes = self._message_frames = 0

    def follow(self, data: bytes) -> None:
        """Looks at what arrived. Raises RelayError if it must not be passed on."""
        at = 0
        while at < len(data):
            if self._body:
                taken = min(self._body, len(data) - at)
                self._body -= taken
            else:
                taken = min(self._head_bytes - len(self._head), len(data) - at)
                self._head += data[at : at + taken]
                if len(self._head) == self._head_bytes:
                    self._understand()
            at += taken

    def _understand(self) -> None:
        """Reads the head, which has all the bytes that were asked for."""
        head = self._head
        if not self._greeted:
            # Of older versions the frames would have to be read in another way.
            if head[0] != 0xFF or head[9] != 0x7F or head[10] < 3:
                raise RelayError("what the notebook's kernel sent is not in the language of its sockets")
            self._greeted = True
        elif head[0] & _LONG and len(head) == 2:
            self._head_bytes = 9
            return
        else:
            self._body = int.from_bytes(head[1:], "big")
            self._count(head[0])
        self._head, self._head_bytes = bytearray(), 2

    def _count(self, flags: int) -> None:
        if flags & _COMMAND:
            # It may stand between the frames of a message, and ends none.
            if flags & _MORE or self._body > MAX_COMMAND_BYTES:
                raise RelayError("what the notebook's kernel sent is not in the language of its sockets")
            return
        self._message_bytes += self._body
        self._message_frames += 1
        if self._message_bytes > self._max_bytes:
            most = f"{self._max_bytes >> 20} MiB"
            raise RelayError(f"the notebook put out more than {most} at once, as one output or reply")
        if self._message_frames > MAX_FRAMES:
            raise RelayError(f"the notebook put out a message of more than {MAX_FRAMES} parts")
        if not flags & _MORE:
            self._message_bytes = self._message_frames = 0


class _Side:
    """One of the two sockets of a connection, and what waits to be sent to it."""

    def __init__(self, end: socket.socket, frames: Frames | None) -> None:
        self.socket = end
        self.frames = frames
        """What it sends; None if that is not looked at."""
        self.waiting = memoryview(b"")
        self.other: _Side
        end.setblocking(False)


class Relay:
    """Passes on what a kernel and the grader send each other. Use as a context.

    folder: for its own sockets; made here, and nobody else's. max_bytes: of one message from the kernel.
    refused: called, from a thread, with the reason when something is not let through.
    """

    def __init__(self, folder: Path, max_bytes: int, refused: Callable[[str], None]) -> None:
        folder.mkdir(mode=0o700)
        self._folder, self._max_bytes, self._refused = folder, max_bytes, refused
        self._addresses: dict[str, str] = {}
        self._selector = selectors.DefaultSelector()
        self._stop, self._stopped = socket.socketpair()
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()
        self._thread.join()

    def address(self, kernels: str) -> str:
        """The path to connect to in place of one of the kernel's."""
        if kernels not in self._addresses:
            path = str(self._folder / str(len(self._addresses)))
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(path)
            listening.listen()
            listening.setblocking(False)
            self._addresses[kernels] = path
            self._selector.register(listening, selectors.EVENT_READ, kernels)
        return self._addresses[kernels]

    def _run(self) -> None:
        try:
            while True:
                for key, events in self._selector.select():
                    if key.fileobj is self._stopped:
                        return
                    if isinstance(key.data, _Side):
                        self._serve(key.data, events)
                    else:
                        self._connect(key.fileobj, key.data)
        finally:
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()
            self._selector.close()

    def _connect(self, listening: socket.socket, kernels: str) -> None:
        """Lets the grader's socket meet the kernel's. Where that is not there yet, it tries again."""
        with contextlib.suppress(BlockingIOError), contextlib.ExitStack() as if_it_fails:
            client = if_it_fails.enter_context(listening.accept()[0])
            kernel = if_it_fails.enter_context(socket.socket(socket.AF_UNIX))
            kernel.setblocking(False)
            try:
                kernel.connect(kernels)
            except OSError:
                return
            if_it_fails.pop_all()
            sides = _Side(kernel, Frames(self._max_bytes)), _Side(client, None)
            sides[0].other, sides[1].other = reversed(sides)
            for side in sides:
                self._selector.register(side.socket, selectors.EVENT_READ, side)

    def _serve(self, side: _Side, events: int) -> None:
        if side.socket.fileno() < 0:
            # Closed with its other side, a moment ago.
            return
        try:
            if events & selectors.EVENT_WRITE:
                self._send(side)
            if events & selectors.EVENT_READ and not side.other.waiting:
                data = side.socket.recv(CHUNK)
                if not data:
                    raise ConnectionResetError
                if side.frames:
                    side.frames.follow(data)
                side.other.waiting = memoryview(data)
                self._send(side.other)
        except BlockingIOError:
            pass
        except (RelayError, OSError) as error:
            self._close(side)
            if isinstance(error, RelayError):
                self._refused(str(error))
            return
        self._wait_for(side)
        self._wait_for(side.other)

    @staticmethod
    def _send(side: _Side) -> None:
        with contextlib.suppress(BlockingIOError):
            side.waiting = side.waiting[side.socket.send(side.waiting) :]

    def _wait_for(self, side: _Side) -> None:
        """Reads from a side if the other took all that was read, and writes to it if something waits."""
        events = (selectors.EVENT_WRITE if side.waiting else 0) | (
            0 if side.other.waiting else selectors.EVENT_READ
        )
        known = self._selector.get_map().get(side.socket)
        if known and not events:
            self._selector.unregister(side.socket)
        elif known and known.events != events:
            self._selector.modify(side.socket, events, side)
        elif not known and events:
            self._selector.register(side.socket, events, side)

    def _close(self, side: _Side) -> None:
        for each in (side, side.other):
            with contextlib.suppress(KeyError):
                self._selector.unregister(each.socket)
            each.socket.close()
