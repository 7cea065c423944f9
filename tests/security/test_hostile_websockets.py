"""WebSockets on the wire that break RFC 6455, flood, or go away without a word: on both lanes, beside someone who speaks."""

import contextlib
import socket
import struct

import pytest

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_raw_packet
from edge_server.transport.raw_lane import NAMESPACE
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


def test_a_flood_of_tiny_frames_disturbs_nobody(box: Box) -> None:
    peer = Peer(box, RAW)
    flood = masked(PING) * 20_000
    with contextlib.suppress(OSError):
        peer.socket.sendall(flood)
    peer.socket.close()


def test_a_flood_of_packets_is_dropped_and_told(box: Box) -> None:
    peer = Peer(box, RAW)
    packets = b"".join(
        masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(640)))) for number in range(3000)
    )
    with contextlib.suppress(OSError):
        peer.socket.sendall(packets)
    peer.socket.close()


@pytest.mark.parametrize("sequence", [0, 3, 2**32 - 1])
def test_replayed_and_reordered_numbers_are_refused(box: Box, sequence: int) -> None:
    peer = Peer(box, RAW)
    for number in range(5):
        peer.socket.sendall(masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(640)))))
    peer.socket.sendall(masked(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, bytes(640)))))
    while b"sequence_wrong" not in peer.receive_kind(TEXT):
        pass


def test_who_vanishes_leaves_no_descriptor(box: Box) -> None:
    wait_until(lambda: not raw_clients(box))
    peers = [Peer(box, RAW) for _ in range(10)]
    assert len(raw_clients(box)) == 10
    numbers = [client.link._websocket._handler.socket.fileno() for name, client in raw_clients(box)]
    assert all(number >= 0 for number in numbers)
    sockets = [client.link._websocket._handler for _, client in raw_clients(box)]
    for peer in peers:
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.socket.close()
        peer._stream.close()
    wait_until(lambda: not raw_clients(box))
    wait_until(
        lambda: all(getattr(handler, "socket", None) is None or handler.socket.fileno() < 0 for handler in sockets)
    )


def test_who_falls_silent_on_the_raw_lane_is_let_go(box: Box) -> None:
    peer = Peer(box, RAW)
    assert peer.first[0] == TEXT
    assert peer.close_code() == 0
    wait_until(lambda: not raw_clients(box))


def raw_clients(box: Box) -> list[tuple[str, object]]:
    return [(name, client) for name, client in box.service._audio.clients.items() if name.startswith(NAMESPACE)]
