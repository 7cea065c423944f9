"""What the `hostile` benchmark does to a box: for each kind of bad client a function that does it once.

All of them raise an OSError as soon as the box hangs up on them, and a TimeoutError where it makes them wait.
"""

import base64
import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import msgpack

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_packet, encode_raw_packet
from edge_server.transport.socketio_packet import NAMESPACE, encode_audio
from edge_server.transport.websocket_frames import PING
from scripts.bench_stream_talkers import CONNECT, start_event
from scripts.bench_wire import BINARY, TEXT, Wire, frame, http_request

_PATIENCE_S = 1.0
_HELD = 10
"""So many connections an attacker holds at once, for `_HELD_S`: beyond 40 new ones a second it would only be let wait."""
_HELD_S = 0.5
_AT_ONCE = 20
_CROWD = 25
_BODY_BYTES = 20_000_000
_BODY_PATIENCE_S = 20.0
_PACKETS_OF_A_BODY = 64
_NESTED = b"\x91" * 3000
_HOUR_MS = 3_600_000
_PACKET_S = 0.02
_PCM = bytes(640)
_PING = frame(PING, b"")
_RAW = "/ws/v1/audio?sample_rate_hz=16000&packet_samples=320"
_SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"
_POLLING = "/socket.io/?EIO=4&transport=polling"
_CHUNKED = b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
_UNFINISHED_GREETING = b"\x16\x03\x01\x40\x00"


@dataclass(frozen=True, slots=True)
class Target:
    """The box, as an attacker sees it who comes from `address`."""

    port: int
    https_port: int
    token: str
    address: str


Attack = Callable[[Target], None]


@contextmanager
def _connected(target: Target, secure: bool = False) -> Iterator[Wire]:
    wire = Wire(target.https_port if secure else target.port, tls=False, source=target.address)
    wire.socket.settimeout(_PATIENCE_S)
    with contextlib.closing(wire.socket):
        yield wire


@contextmanager
def _raw(target: Target, path: str = _RAW) -> Iterator[Wire]:
    with _connected(target) as wire:
        wire.upgrade(path, f"Authorization: Bearer {target.token}\r\n")
        yield wire


@contextmanager
def _stranger(target: Target) -> Iterator[Wire]:
    with _connected(target) as wire:
        wire.upgrade(_SOCKET_IO)
        wire.receive()
        yield wire


@contextmanager
def _speaker(target: Target) -> Iterator[Wire]:
    with _stranger(target) as wire:
        packets = ({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": target.token}}, start_event(16000, 320))
        for packet in packets:
            wire.socket.sendall(frame(BINARY, msgpack.packb(packet)))
            wire.receive()
        yield wire


@contextmanager
def _stock_speaker(target: Target) -> Iterator[Wire]:
    with _stranger(target) as wire:
        wire.socket.sendall(_text(f"40{NAMESPACE}," + json.dumps({"token": target.token})))
        wire.receive()
        yield wire


def _text(message: str) -> bytes:
    return frame(TEXT, message.encode())


def _packet(number: int, pcm: bytes = _PCM) -> bytes:
    return frame(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, pcm)))


def _listen(connection: socket.socket) -> None:
    with contextlib.suppress(TimeoutError):
        while connection.recv(1 << 20):
            pass
        raise ConnectionResetError("The box hung up.")


def _send(opened: Callable[[Target], contextlib.AbstractContextManager[Wire]], data: bytes) -> Attack:
    """Send the same over a new connection, and hear what the box says to it until it hangs up or falls silent."""

    def attack(target: Target) -> None:
        with opened(target) as wire:
            wire.socket.sendall(data)
            _listen(wire.socket)

    return attack


def _pour(data: bytes) -> Attack:
    """Send the same and go, without a look at the answers."""

    def attack(target: Target) -> None:
        with _raw(target) as wire:
            wire.socket.sendall(data)

    return attack


def _crowd(opened: Callable[[Target], contextlib.AbstractContextManager[Wire]], data: bytes) -> Attack:
    """Send the same over many connections at once, and hear what the box says to the last of them."""

    def attack(target: Target) -> None:
        with ExitStack() as stack:
            wires = [stack.enter_context(opened(target)) for _ in range(_CROWD)]
            for wire in wires:
                wire.socket.sendall(data)
            _listen(wires[-1].socket)

    return attack


def _hold(opened: Callable[[Target], contextlib.AbstractContextManager[Wire]]) -> Attack:
    """Have connections, and say nothing."""

    def attack(target: Target) -> None:
        with ExitStack() as stack:
            for _ in range(_HELD):
                stack.enter_context(opened(target))
            time.sleep(_HELD_S)

    return attack


def _endless_fragments(target: Target) -> None:
    fragment = frame(0, bytes(60_000))
    with _speaker(target) as wire:
        wire.socket.sendall(b"\x02" + fragment[1:])
        while True:
            wire.socket.sendall(b"\x00" + fragment[1:])


def _never_reading(target: Target) -> None:
    with _raw(target, "/ws/v1/audio?sample_rate_hz=48000&packet_samples=4800") as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        packets = (_packet(number, bytes(9600)) + frame(PING, bytes(125)) * 8 for number in range(2000))
        # Not so fast that the box drops it for being ahead of time: what counts are the answers.
        for packet in packets:
            wire.socket.sendall(packet)
            time.sleep(0.002)


def _vanishing(target: Target) -> None:
    with _raw(target) as wire:
        wire.socket.sendall(b"".join(map(_packet, range(5))))
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _clock_jumps(target: Target) -> None:
    with _speaker(target) as wire:
        for sequence, timestamp_ms in enumerate((0, 2**32 - 1, 5, 3 * _HOUR_MS, 2 * _HOUR_MS, 4 * _HOUR_MS) * 5):
            packet = encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, timestamp_ms, _PCM))
            wire.socket.sendall(frame(BINARY, encode_audio(packet)))
            time.sleep(_PACKET_S)


def _connections(target: Target) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(_connected(target)) for _ in range(_AT_ONCE)]
        wires[-1].request("GET", "/healthz")


def _polling_connections(target: Target) -> None:
    with _connected(target) as wire:
        for _ in range(_AT_ONCE):
            wire.request("GET", _POLLING)


def _polls_of_strangers(target: Target) -> None:
    with ExitStack() as stack:
        wires = [stack.enter_context(_connected(target)) for _ in range(_CROWD)]
        for wire in wires:
            sid = json.loads(wire.request("GET", _POLLING)[1:])["sid"]
            wire.socket.sendall(http_request("POST", f"{_POLLING}&sid={sid}", b"3") * 100)
        _listen(wires[-1].socket)


def _malformed_polls(target: Target) -> None:
    with _connected(target) as wire:
        sid = json.loads(wire.request("GET", _POLLING)[1:])["sid"]
        path = f"{_POLLING}&sid={sid}"
        join = b"b" + base64.b64encode(
            msgpack.packb({"type": CONNECT, "nsp": NAMESPACE, "data": {"token": target.token}})
        )
        wire.request("POST", path, join)
        wire.request("GET", path)
        body = b"\x1e".join([b"b" + base64.b64encode(_NESTED)] * _PACKETS_OF_A_BODY)
        for _ in range(_AT_ONCE):
            wire.request("POST", path, body)


def _half_request(target: Target) -> None:
    with _connected(target) as wire:
        wire.socket.sendall(b"GET / HTTP/1.1\r\nHost")
        time.sleep(0.05)


def _tls_handshakes(target: Target) -> None:
    with ExitStack() as stack:
        sockets = [stack.enter_context(_connected(target, secure=True)).socket for _ in range(_HELD)]
        for byte in _UNFINISHED_GREETING + bytes(_HELD):
            for connection in sockets:
                connection.sendall(bytes((byte,)))
            time.sleep(_HELD_S / _HELD)


def _body(target: Target) -> None:
    with _connected(target) as wire:
        # For all of it, which the box takes in pieces: who hangs up earlier never makes it one file.
        wire.socket.settimeout(_BODY_PATIENCE_S)
        head = f"POST /api/v1/denoise HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {target.token}\r\n"
        wire.socket.sendall(f"{head}Content-Length: {_BODY_BYTES}\r\n\r\n".encode() + bytes(_BODY_BYTES))
        wire.socket.recv(1 << 16)


_ANNOUNCEMENTS = tuple(_text(f'45{n}-{NAMESPACE},["audio",{{"_placeholder":true,"num":0}}]') for n in (1, 2, 99999999))
_REPLAYED = (*range(5), 0, 3, 2**32 - 1, 4, 10**6, 2)

ATTACKS: dict[str, Attack] = {
    "oversized frames": _send(_raw, struct.pack("!BBQ", 0x82, 0xFF, 2**40) + bytes(4096)),
    "endless fragments": _endless_fragments,
    "empty fragments": _pour(b"\x02" + _PING[1:] + (b"\x00" + _PING[1:]) * 3000),
    "attachments": _send(_stock_speaker, b"".join(_ANNOUNCEMENTS) * 300),
    "breaches of RFC 6455": _send(_raw, b"\xf3" + _PING[1:]),
    "malformed Engine.IO": _send(_speaker, _text("hello")),
    "malformed msgpack": _send(_speaker, frame(BINARY, _NESTED) * 300),
    "malformed JSON": _send(_stock_speaker, _text(f'42{NAMESPACE},["audio",' + "[" * 3000) * 300),
    "malformed polls": _malformed_polls,
    "packets of the wrong size": _send(_raw, _packet(0, b"short") * 1000),
    "replayed and reordered numbers": _send(_raw, b"".join(map(_packet, _REPLAYED)) * 100),
    "jumps in the numbers": _send(_raw, b"".join(_packet(50 * number) for number in range(300))),
    "clock jumps": _clock_jumps,
    "tiny frames": _pour(_PING * 3000),
    "tiny frames of many": _crowd(_raw, _PING * 1000),
    "tiny frames of strangers": _crowd(_stranger, _PING * 1000),
    "audio ahead of time": _pour(b"".join(map(_packet, range(300)))),
    "who never reads": _never_reading,
    "who vanishes": _vanishing,
    "who falls silent": _hold(_raw),
    "who never authenticates": _hold(_stranger),
    "connections": _connections,
    "half requests": _half_request,
    "unfinished TLS handshakes": _tls_handshakes,
    "requests": _send(_connected, http_request("GET", "/metrics") * 300),
    "readiness requests": _send(_connected, http_request("GET", "/readyz") * 300),
    "bodies": _body,
    "bodies of frames": _send(_connected, _CHUNKED + b"1\r\na\r\n" * 100_000),
    "polls of strangers": _polls_of_strangers,
    # The last one: what it has opened is forgotten only when nobody has shown a token for it in time.
    "polling connections": _polling_connections,
}
