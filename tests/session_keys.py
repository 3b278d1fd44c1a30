"""Keys in a session keyring, by system calls alone: this file is pasted into notebooks, too."""

import ctypes
import os
import platform

SESSION = -3
_ADD, _KEYCTL = (248, 250) if platform.machine() == "x86_64" else (217, 219)
_JOIN, _DESCRIBE, _SEARCH, _READ = 1, 6, 10, 11


def join_new():
    """Joins a session keyring of its own, so that no other is touched."""
    return _call(_KEYCTL, _JOIN, None)


def add(name, secret):
    """Puts a key into the session keyring, and returns its number."""
    return _call(_ADD, b"user", name.encode(), secret.encode(), len(secret), SESSION)


def read(name):
    """The secret of a key in the session keyring."""
    buffer = ctypes.create_string_buffer(200)
    key = _call(_KEYCTL, _SEARCH, SESSION, b"user", name.encode(), 0)
    _call(_KEYCTL, _READ, key, buffer, len(buffer))
    return buffer.value.decode()


def describe():
    """The session keyring itself."""
    buffer = ctypes.create_string_buffer(200)
    _call(_KEYCTL, _DESCRIBE, SESSION, buffer, len(buffer))
    return buffer.value.decode()


def _call(number, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    longs = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *longs)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
