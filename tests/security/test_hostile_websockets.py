"""WebSockets on the wire that break RFC 6455, flood, or go away without a word: on both lanes, beside someone who speaks."""

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_raw_packet
from edge_server.transport.raw_lane import NAMESPACE
from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.websocket_frames import encode_frame
from tests.raw_client import RawClient
from tests.running_box import Box, wait_until
from tests.security.sockets import connected_socket
from tests.transport.test_websocket_frames import close_frame, masked

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
RAW = "/ws/v1/audio?sample_rate_hz=16000&packet_samples=320"
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"

pytestmark = pytest.mark.usefixtures("bystander")


class Peer:
    """A WebSocket that says what it is told to."""

    def __init__(self, box: Box, path: str) -> None:
        self.socket = connected_socket(box.service.http_port)
        token = f"Authorization: Bearer {box.token()}\r\n"
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{token}"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )
        self._stream = self.socket.makefile("rb")
        while self._stream.readline() not in (b"\r\n", b""):
            pass
        self.first = self.receive()

    def receive(self) -> tuple[int, bytes]:
        """Give the next frame; CLOSE and nothing at the end of the connection."""
        try:
            head = self._stream.read(2)
            if len(head) < 2:
                return CLOSE, b""
            size = head[1]
            if size == 126:
                (size,) = struct.unpack("!H", self._stream.read(2))
            return head[0] & 15, self._stream.read(size)
        except OSError:
            return CLOSE, b""

    def receive_kind(self, opcode: int) -> bytes:
        """Give the next frame of this kind."""
        while True:
            kind, data = self.receive()
            if kind == opcode:
                return data
            assert kind != CLOSE, "the box closed the connection"

    def close(self) -> None:
        """End its side."""
        self._stream.close()
        self.socket.close()

    def close_code(self) -> int:
        """Give the code with which the box closes."""
        while True:
            kind, data = self.receive()
            if kind == CLOSE:
                return int(struct.unpack("!H", data[:2])[0]) if data else 0


@pytest.mark.parametrize("path", [RAW, SOCKET_IO])
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(BINARY, b"", reserved=0x40), 1002),
        (masked(3), 1002),
        (masked(PING, b"p" * 126), 1002),
        (masked(PING, b"", final=False), 1002),
        (b"\x82\x05hello", 1002),
        (masked(0, b"continues nothing"), 1002),
        (masked(TEXT, b"a", final=False) + masked(TEXT, b"b"), 1002),
        (masked(TEXT, b"\xff\xfe"), 1007),
        (masked(CLOSE, b"\x03"), 1002),
        (close_frame(1005), 1002),
        (close_frame(1000, b"\xff"), 1007),
        (struct.pack("!BBQ", 0x82, 0xFF, 2**62) + b"mask", 1009),
    ],
)
def test_a_breach_is_answered_by_its_close_code(box: Box, path: str, data: bytes, code: int) -> None:
    peer = Peer(box, path)
    peer.socket.sendall(data)
    assert peer.close_code() == code


def test_a_stranger_may_send_little(box: Box) -> None:
    peer = Peer(box, SOCKET_IO)
    peer.socket.sendall(masked(PING, b"?") * 100)
    assert peer.close_code() == 1008


def test_who_has_shown_a_token_may_send_more(box: Box) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        for _ in range(100):
            client.websocket.ping()
        assert client.call("stream.end", {})["error"]["code"] == "no_stream"


@pytest.mark.parametrize("path", [RAW, SOCKET_IO])
def test_pings_are_answered_also_between_fragments_and_in_pieces(box: Box, path: str) -> None:
    peer = Peer(box, path)
    peer.socket.sendall(masked(BINARY, b"x", final=False) + masked(PING, b"one"))
    assert peer.receive_kind(PONG) == b"one"
    for byte in masked(PING, b"two"):
        peer.socket.sendall(bytes((byte,)))
    assert peer.receive_kind(PONG) == b"two"
    peer.socket.sendall(masked(PONG, b"unasked") + masked(PING, b"three"))
    assert peer.receive_kind(PONG) == b"three"


@pytest.mark.parametrize("path", [RAW, SOCKET_IO])
@pytest.mark.parametrize(
    ("frame", "code"), [(close_frame(1000, b"bye"), 1000), (close_frame(4321), 4321), (masked(CLOSE), 1000)]
)
def test_a_close_is_echoed(box: Box, path: str, frame: bytes, code: int) -> None:
    peer = Peer(box, path)
    peer.socket.sendall(frame + masked(PING, b"too late"))
    assert peer.close_code() == code


def test_audio_right_behind_the_request_is_not_lost(box: Box) -> None:
    with connected_socket(box.service.http_port) as connection:
        packet = masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(640))))
        head = (
            f"GET {RAW} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Authorization: Bearer {box.token()}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        connection.sendall(head.encode() + packet + packet)
        heard = b""
        while b"sequence_wrong" not in heard:
            data = connection.recv(65536)
            assert data
            heard += data
        # The first packet was taken, the second is the first one again.
        assert b"stream.started" in heard


def test_a_flood_of_tiny_frames_leaves_the_others_their_turns(box: Box) -> None:
    flood, other = Peer(box, RAW), Peer(box, RAW)
    # So few that they come in one piece, which could be answered in one go.
    count, pong, turns, answers = 1600, encode_frame(PONG, b""), 0, b""
    flood.socket.sendall(masked(PING) * count)
    flood.socket.setblocking(False)
    while answers.count(pong) < count:
        other.socket.sendall(masked(PING, b"my turn"))
        assert other.receive_kind(PONG) == b"my turn"
        turns += 1
        with contextlib.suppress(BlockingIOError):
            answers += flood.socket.recv(1 << 20)
    assert turns > 10


@pytest.mark.parametrize("sequence", [0, 3, 2**32 - 1])
def test_replayed_and_reordered_numbers_are_refused(box: Box, sequence: int) -> None:
    peer = Peer(box, RAW)
    for number in range(5):
        peer.socket.sendall(masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(640)))))
    peer.socket.sendall(masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, bytes(640)))))
    while b"sequence_wrong" not in peer.receive_kind(TEXT):
        pass


def resets(peer: Peer) -> None:
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def hangs_up(peer: Peer) -> None:
    peer.close()


@pytest.mark.parametrize("goes", [resets, hangs_up])
def test_who_floods_and_goes_is_not_worked_off(
    box: Box, monkeypatch: pytest.MonkeyPatch, goes: Callable[[Peer], None]
) -> None:
    turns = 0
    join = TurnRing.join

    def count(ring: TurnRing, turn: Callable[[], None], is_audio: bool) -> None:
        nonlocal turns
        turns += 1
        join(ring, turn, is_audio)

    monkeypatch.setattr(TurnRing, "join", count)
    wait_until(lambda: not raw_clients(box))
    peer = Peer(box, RAW)
    # Fragments that make no message are answered by nothing, which would show that nobody is there.
    peer.socket.sendall(b"\x02\x80\0\0\0\0" + b"\x00\x80\0\0\0\0" * 2500)
    wait_until(lambda: turns)
    goes(peer)
    wait_until(lambda: not raw_clients(box))
    # All of them would be 156.
    assert turns < 100


def falls_silent(peer: Peer) -> None:
    # Its end is still there, and neither reads nor answers anything.
    pass


@pytest.mark.parametrize("goes", [resets, falls_silent])
def test_who_vanishes_leaves_neither_descriptor_nor_slot(box: Box, goes: Callable[[Peer], None]) -> None:
    wait_until(lambda: not raw_clients(box))
    peers = [Peer(box, RAW) for _ in range(10)]
    handlers = [client.link._websocket._handler for client in raw_clients(box)]
    assert len(handlers) == 10
    assert all(handler.socket.fileno() >= 0 for handler in handlers)
    assert box.service.engine.stats().live_streams >= 10
    for peer in peers:
        goes(peer)
    wait_until(lambda: not raw_clients(box))
    wait_until(lambda: all(_is_closed(handler) for handler in handlers))
    # The one that may be left is of who speaks meanwhile.
    wait_until(lambda: box.service.engine.stats().live_streams <= 1)
    for peer in peers:
        peer.close()


def _is_closed(handler: Any) -> bool:
    # pywsgi forgets the socket that it has closed.
    return getattr(handler, "socket", None) is None or handler.socket.fileno() < 0


def test_who_falls_silent_on_the_raw_lane_is_let_go(box: Box) -> None:
    peer = Peer(box, RAW)
    assert peer.first[0] == TEXT
    assert peer.close_code() == 0
    wait_until(lambda: not raw_clients(box))


def raw_clients(box: Box) -> list[Any]:
    return [client for name, client in box.service._audio.clients.items() if name.startswith(NAMESPACE)]
