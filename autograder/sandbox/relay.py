"""Passes messages on between a kernel and the grader, unless the kernel's are too large.

libzmq limits the size of each frame of a message (MAXMSGSIZE), but collects all frames before it hands
any of them on. The relay passes bytes both ways, follows the frames that the kernel sends (ZMTP 3.1,
https://rfc.zeromq.org/spec/37/), and closes the connection if a message has too many bytes or frames.
Its own buffers are small: it reads from one side only once the other has taken everything before.
"""

import contextlib
import functools
import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

CHUNK = 256 * 1024
"""Most bytes that wait for one side of a connection."""
MAX_FRAMES = 1000
"""Most frames of a message. It has about seven, and one more for each buffer of a widget."""
MAX_COMMAND_BYTES = 4096
"""Most bytes of a command, which sockets exchange when they connect, for instance."""

_GREETING_BYTES = 64
_MORE, _LONG, _COMMAND = 1, 2, 4


class RelayError(ValueError):
    """The kernel sent something that must not be passed on; the text says what."""


class Frames:
    """Follows the frames that a kernel sends over one connection."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._greeted = False
        self._head = bytearray()
        """The bytes so far of the greeting or of a frame's head (its flags and its size)."""
        self._head_bytes = _GREETING_BYTES
        self._body = 0
        """The bytes of the frame's body that are still to come."""
        self._message_bytes = self._message_frames = 0

    def follow(self, data: bytes) -> None:
        """Reads the next bytes that arrived. Raises RelayError if they must not be passed on."""
        at = 0
        while at < len(data):
            if self._body:
                taken = min(self._body, len(data) - at)
                self._body -= taken
            else:
                taken = min(self._head_bytes - len(self._head), len(data) - at)
                self._head += data[at : at + taken]
                if len(self._head) == self._head_bytes:
                    self._read_head()
            at += taken

    def _read_head(self) -> None:
        """Reads the head, which is complete unless its first bytes say that it is a longer one."""
        head = self._head
        if not self._greeted:
            # Versions before 3 have frames of another form.
            if head[0] != 0xFF or head[9] != 0x7F or head[10] < 3:
                raise RelayError("the notebook's kernel sent something that is not a message")
            self._greeted = True
        elif head[0] & _LONG and len(head) == 2:
            self._head_bytes = 9
            return
        else:
            self._body = int.from_bytes(head[1:], "big")
            self._count(head[0])
        self._head, self._head_bytes = bytearray(), 2

    def _count(self, flags: int) -> None:
        """Counts a frame as part of the message. Raises RelayError if the message is too large."""
        if flags & _COMMAND:
            # A command is no part of a message, but may come between its frames.
            if flags & _MORE or self._body > MAX_COMMAND_BYTES:
                raise RelayError("the notebook's kernel sent something that is not a message")
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
    """One of the two sockets of a connection, and the bytes that wait to be sent to it."""

    def __init__(self, end: socket.socket, frames: Frames | None) -> None:
        self.socket = end
        self.frames = frames
        """The frames that this socket sends; None if they are not followed."""
        self.waiting = memoryview(b"")
        self.other: _Side
        end.setblocking(False)


class Relay:
    """Passes messages on, in a thread, for as long as it is used as a context.

    folder: is created, for the relay's sockets only. max_bytes: of one message from the kernel.
    refused: is called, in the thread, with the reason if something must not be passed on.
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
        """Returns the path of a socket that stands in for the kernel's socket at this path."""
        if kernels not in self._addresses:
            path = str(self._folder / str(len(self._addresses)))
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(path)
            listening.listen()
            listening.setblocking(False)
            self._addresses[kernels] = path
            connect = functools.partial(self._connect, listening, kernels)
            self._selector.register(listening, selectors.EVENT_READ, connect)
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
                        key.data()
        finally:
            for key in list(self._selector.get_map().values()):
                if isinstance(key.fileobj, socket.socket):
                    key.fileobj.close()
            self._selector.close()

    def _connect(self, listening: socket.socket, kernels: str) -> None:
        """Connects the grader's socket to the kernel's; if there is none yet, libzmq tries again."""
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
            # This side was closed together with the other side, a moment ago.
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
        """Waits to write to a side if bytes wait for it, and to read if none wait for the other side."""
        events = selectors.EVENT_WRITE if side.waiting else 0
        events |= 0 if side.other.waiting else selectors.EVENT_READ
        registered = self._selector.get_map().get(side.socket)
        if registered and not events:
            self._selector.unregister(side.socket)
        elif registered and registered.events != events:
            self._selector.modify(side.socket, events, side)
        elif not registered and events:
            self._selector.register(side.socket, events, side)

    def _close(self, side: _Side) -> None:
        for each in (side, side.other):
            with contextlib.suppress(KeyError):
                self._selector.unregister(each.socket)
            each.socket.close()
