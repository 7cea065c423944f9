"""Messages of clients, read within bounds, and audio found in them without reading them again."""

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_server.transport.bounded_msgpack import Envelope, NoMessageError, unpack

EVENT = {"type": 2, "data": ["audio", bytes(range(40))], "nsp": "/audio"}


def nested(depth: int) -> bytes:
    return b"\x90" if depth == 0 else b"\xdc\x00\x40" + nested(depth - 1) * 64


@pytest.mark.parametrize(
    "bomb",
    [
        b"\xdd\x00\x10\x00\x00" + b"\x90" * (1 << 20),
        b"\xdf\x00\x10\x00\x00" + b"\x00\x90" * (1 << 20),
        nested(3),
        b"\x91" * 900 + b"\x90",
        b"\x92\x90",
        b"\xc1",
        b"",
        msgpack.packb(EVENT) + b"\x90",
    ],
)
def test_what_no_message_needs_is_refused(bomb: bytes) -> None:
    with pytest.raises(NoMessageError):
        unpack(bomb)


def test_what_messages_hold_is_read() -> None:
    assert unpack(msgpack.packb(EVENT)) == EVENT
    # As JavaScript packs an ArrayBuffer under Node.
    assert unpack(msgpack.packb(["audio", msgpack.ExtType(0, b"pcm")])) == ["audio", b"pcm"]


@given(
    st.binary(min_size=12, max_size=400),
    st.binary(min_size=12, max_size=400),
    st.permutations(["type", "data", "nsp", "options"]),
)
def test_an_envelope_gives_what_reading_would(first: bytes, second: bytes, order: list[str]) -> None:
    def message(payload: bytes) -> bytes:
        fields: dict[str, Any] = {"options": {"compress": True}, **EVENT, "data": ["audio", payload]}
        return bytes(msgpack.packb({name: fields[name] for name in order}))

    envelope = Envelope()
    assert envelope.open(message(first)) is None
    envelope.learn(message(first), first)
    assert envelope.open(message(first)) == first
    assert envelope.open(message(second)) == (second if len(second) == len(first) else None)
    assert envelope.open(message(first).replace(b"audio", b"other", 1)) is None


def test_a_payload_too_short_to_be_found_is_not_looked_for() -> None:
    envelope = Envelope()
    envelope.learn(b"\x92\xa1a\xc4\x01a", b"a")
    assert envelope.open(b"\x92\xa1a\xc4\x01a") is None
