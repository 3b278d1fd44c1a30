"""Packs values as bytes to send or store: compressed JSON, which only the same version reads."""

import json
import zlib
from collections.abc import Set
from typing import Any


class FormatError(ValueError):
    """The bytes are damaged, or another version wrote them."""


def packed(value: object) -> bytes:
    """The value as compressed JSON."""
    return zlib.compress(json.dumps(value).encode(), level=1)


def unpacked(data: bytes, keys: Set[str]) -> dict[str, Any]:
    """The object that `packed` wrote, which has just these keys. Raises FormatError."""
    try:
        value = json.loads(zlib.decompress(data))
    except (zlib.error, ValueError) as error:
        raise FormatError(f"damaged: {error}") from None
    if not isinstance(value, dict) or value.keys() != keys:
        raise FormatError("written by another version")
    return value
