"""RFC 6455 from the server's side: the cases of the Autobahn suite that apply, without sockets."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_server.transport.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameReader,
    Message,
    WebSocketViolationError,
    encode_close,
    encode_frame,
)

LIMIT_BYTES = 1 << 20


def masked(
    opcode: int, payload: bytes = b"", final: bool = True, reserved: int = 0, mask: bytes = b"\x37\xfa\x21\x3d"
) -> bytes:
    """Give a client's frame."""
    head = bytes(((0x80 if final else 0) | reserved | opcode,))
    size = len(payload)
    if size < 126:
        head += bytes((0x80 | size,))
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack("!H", size)
    else:
        head += b"\xff" + struct.pack("!Q", size)
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def read(data: bytes, limit_bytes: int = LIMIT_BYTES) -> list[Message]:
    return FrameReader(limit_bytes).feed(data)


def refused(data: bytes, limit_bytes: int = LIMIT_BYTES) -> int:
    with pytest.raises(WebSocketViolationError) as caught:
        read(data, limit_bytes)
    return caught.value.code


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return masked(CLOSE, struct.pack("!H", code) + reason)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 200_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_messages_of_every_length_form(opcode: int, size: int) -> None:
    payload = b"x" * size
    assert read(masked(opcode, payload)) == [(opcode, payload)]


def test_several_frames_at_once_come_in_order() -> None:
    data = masked(TEXT, b"one") + masked(PING, b"two") + masked(BINARY, b"three")
    assert read(data) == [(TEXT, b"one"), (PING, b"two"), (BINARY, b"three")]


@pytest.mark.parametrize("opcode", [PING, PONG])
@pytest.mark.parametrize("size", [0, 1, 125])
def test_control_frames_up_to_125_bytes(opcode: int, size: int) -> None:
    assert read(masked(opcode, b"p" * size)) == [(opcode, b"p" * size)]


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_are_short_and_whole(opcode: int) -> None:
    assert refused(masked(opcode, b"p" * 126)) == 1002
    assert refused(masked(opcode, b"", final=False)) == 1002


@pytest.mark.parametrize("reserved", [0x10, 0x20, 0x40, 0x70])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
def test_reserved_bits_mean_nothing_here(opcode: int, reserved: int) -> None:
    assert refused(masked(opcode, b"", reserved=reserved)) == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_reserved_opcodes_are_refused(opcode: int) -> None:
    assert refused(masked(opcode)) == 1002


def test_unmasked_frames_are_refused() -> None:
    assert refused(encode_frame(TEXT, b"hello")) == 1002


def test_fragments_are_joined_and_control_frames_may_come_between() -> None:
    data = (
        masked(TEXT, b"fra", final=False)
        + masked(PING, b"still there?")
        + masked(CONTINUATION, b"", final=False)
        + masked(CONTINUATION, b"gments")
    )
    assert read(data) == [(PING, b"still there?"), (TEXT, b"fragments")]


@pytest.mark.parametrize(
    "frames",
    [
        [masked(CONTINUATION, b"of nothing")],
        [masked(CONTINUATION, b"of nothing", final=False)],
        [masked(TEXT, b"a", final=False), masked(TEXT, b"b")],
        [masked(TEXT, b"a", final=False), masked(BINARY, b"b", final=False)],
        [masked(TEXT, b"a"), masked(CONTINUATION, b"b")],
    ],
)
def test_fragments_out_of_place_are_refused(frames: list[bytes]) -> None:
    assert refused(b"".join(frames)) == 1002


@pytest.mark.parametrize("text", ["", "κόσμε", "\U0010ffff", "\ud7ff", "\ue000", "Hello-µ@ßöäüàá-UTF-8!!"])
def test_text_is_utf8_also_across_fragments(text: str) -> None:
    data = text.encode()
    for cut in range(len(data) + 1):
        assert read(masked(TEXT, data[:cut], final=False) + masked(CONTINUATION, data[cut:])) == [(TEXT, data)]


@pytest.mark.parametrize(
    "data",
    [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        b"\xf4\x90\x80\x80",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xff",
        b"\xce",
        b"\x80",
    ],
)
def test_text_that_is_not_utf8_is_refused(data: bytes) -> None:
    assert refused(masked(TEXT, data)) == 1007
    assert refused(masked(TEXT, data[:1], final=False) + masked(CONTINUATION, data[1:])) == 1007


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999])
def test_close_codes_that_may_be_sent(code: int) -> None:
    assert read(close_frame(code, b"bye"))[0].opcode == CLOSE


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_close_codes_that_may_not_be_sent(code: int) -> None:
    assert refused(close_frame(code)) == 1002


def test_close_frames_in_every_form() -> None:
    assert read(masked(CLOSE)) == [(CLOSE, b"")]
    assert read(close_frame(1000, b"x" * 123))[0].opcode == CLOSE
    assert refused(masked(CLOSE, b"\x03")) == 1002
    assert refused(close_frame(1000, b"\xce\xba\xe1\xbd\xed\xa0\x80")) == 1007


def test_what_is_too_large_is_refused_before_it_is_there() -> None:
    assert refused(masked(BINARY, bytes(101))[:12], limit_bytes=100) == 1009
    assert refused(struct.pack("!BBQ", 0x82, 0xFF, 2**62) + b"mask") == 1009
    assert refused(masked(BINARY, bytes(60), final=False) + masked(CONTINUATION, bytes(60)), limit_bytes=100) == 1009
    assert len(read(masked(BINARY, bytes(100)), limit_bytes=100)) == 1


def test_what_is_wrong_is_refused_before_the_header_is_complete() -> None:
    assert refused(masked(3)[:2]) == 1002
    assert refused(masked(PING, b"p" * 126)[:4]) == 1002


frames = st.lists(
    st.one_of(
        st.builds(lambda data: [masked(BINARY, data)], st.binary(max_size=300)),
        st.builds(lambda text: [masked(TEXT, text.encode())], st.text(max_size=100)),
        st.builds(lambda data: [masked(PING, data)], st.binary(max_size=125)),
        st.builds(
            lambda a, b, mask: [masked(BINARY, a, final=False, mask=mask), masked(CONTINUATION, b, mask=mask)],
            st.binary(max_size=200),
            st.binary(max_size=200),
            st.binary(min_size=4, max_size=4),
        ),
    ),
    max_size=8,
)


@given(frames=frames, data=st.data())
def test_however_it_is_cut_the_messages_are_the_same(frames: list[list[bytes]], data: st.DataObject) -> None:
    whole = b"".join(part for group in frames for part in group)
    wanted = read(whole)
    reader, messages, position = FrameReader(LIMIT_BYTES), [], 0
    while position < len(whole):
        step = data.draw(st.integers(1, 64))
        messages += reader.feed(whole[position : position + step])
        position += step
    assert messages == wanted


def test_our_own_frames_are_short_where_they_can_be() -> None:
    assert encode_frame(BINARY, b"x" * 125)[:2] == b"\x82\x7d"
    assert encode_frame(BINARY, b"x" * 126)[:4] == b"\x82\x7e\x00\x7e"
    assert encode_frame(TEXT, b"x" * 65536)[:10] == b"\x81\x7f" + struct.pack("!Q", 65536)
    assert encode_close(1008, "y" * 300)[:2] == b"\x88\x7d"


def test_a_flood_is_read_in_turns() -> None:
    reader = FrameReader(LIMIT_BYTES)
    data = b"".join(masked(PING, bytes((number,))) for number in range(40))
    turns = [reader.feed(data[:-1], 16)]
    while reader.has_more:
        turns.append(reader.feed(b"", 16))
    turns.append(reader.feed(data[-1:], 16))
    assert [len(turn) for turn in turns] == [16, 16, 7, 1]
    assert [message.data[0] for turn in turns for message in turn] == list(range(40))


def test_fragments_that_make_no_message_are_read_in_turns_too() -> None:
    reader = FrameReader(LIMIT_BYTES)
    data = masked(BINARY, b"", final=False) + masked(CONTINUATION, b"", final=False) * 99
    turns = 1
    assert reader.feed(data, 16) == []
    while reader.has_more:
        assert reader.feed(b"", 16) == []
        turns += 1
    assert turns == 7
