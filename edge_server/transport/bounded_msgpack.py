"""Msgpack of clients, read within bounds. Pure."""

from __future__ import annotations

from typing import Any

import msgpack

_MAX_LENGTH = 64
_MAX_CONTAINERS = 64
_SHORTEST_PAYLOAD_BYTES = 12
# How JavaScript's msgpack parser packs an ArrayBuffer under Node; in browsers it packs plain binary.
_ARRAY_BUFFER_EXTENSION = 0


class NoMessageError(ValueError):
    """These bytes are no msgpack, or more than a message of a client needs."""


def unpack(message: bytes | bytearray) -> Any:
    """The value in a message. Raises `NoMessageError`.

    A mebibyte of empty lists would take a fifth of a second and 67 MB.
    """
    take = _Count()
    try:
        return msgpack.unpackb(
            message,
            max_array_len=_MAX_LENGTH,
            max_map_len=_MAX_LENGTH,
            list_hook=take,
            object_hook=take,
            ext_hook=_extension,
        )
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise NoMessageError(str(error)) from error


class _Count:
    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = _MAX_CONTAINERS

    def __call__(self, container: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"more than {_MAX_CONTAINERS} lists and maps")
        return container


def _extension(code: int, data: bytes) -> bytes | msgpack.ExtType:
    return data if code == _ARRAY_BUFFER_EXTENSION else msgpack.ExtType(code, data)


class Envelope:
    """What stands around the binary payload in a client's messages, which is the same in all that are of one length."""

    __slots__ = ("_head", "_length", "_tail")

    def __init__(self) -> None:
        self._head = self._tail = b""
        self._length = -1

    def learn(self, message: bytes | bytearray, payload: bytes) -> None:
        """Remember what stands around `payload`, whose length the bytes before it say."""
        if len(payload) >= _SHORTEST_PAYLOAD_BYTES:
            at = message.rindex(payload)
            self._head, self._tail = bytes(message[:at]), bytes(message[at + len(payload) :])
            self._length = len(message)

    def open(self, message: bytes | bytearray) -> bytes | None:
        """The payload of a message in this envelope; None for any other."""
        if len(message) != self._length or not message.startswith(self._head) or not message.endswith(self._tail):
            return None
        return bytes(memoryview(message)[len(self._head) : len(message) - len(self._tail)])
