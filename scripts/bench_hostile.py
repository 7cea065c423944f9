"""The `hostile` benchmark: what each kind of bad client does to the slowest answers of the others."""

import contextlib
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_raw_packet
from scripts.bench_servers import Server, running_box
from scripts.bench_sessions import speech, spoken_load
from scripts.bench_wire import BINARY, Wire, frame

SESSIONS = 10
ATTACKERS = 4
_BODY_BYTES = 50_000_000
_PING = b"\x89\x80\x00\x00\x00\x00"
_RAW = "/ws/v1/audio?sample_rate_hz=16000&packet_samples=320"


def run_hostile_benchmark(model_path: Path, seconds: float, sessions: int = SESSIONS) -> dict[str, Any]:
    """Measure the p99 of `sessions` raw sessions alone, and beside each kind of attack.

    Gives `{"benchmark", "sessions", "alone_p99_ms", "rows": [{"attack", "p99_ms", "worse_ms", "late", "audio_ok"}]}`.
    """
    said = speech(model_path, seconds + 1.0)
    with running_box(model_path, 8 * (sessions + ATTACKERS), "raw", tls=False) as server:
        alone = spoken_load(server, said, sessions, 20, seconds)
        rows = []
        for row, (name, attack) in enumerate(ATTACKS.items()):
            # Each from another device, which owes the box nothing yet: the box limits each address by itself.
            attacker = replace(server, address=f"127.0.0.{2 + row}")
            with _attacked(attacker, attack):
                beside = spoken_load(server, said, sessions, 20, seconds)
            rows.append(
                {
                    "attack": name,
                    "p99_ms": beside.latency_p99_ms,
                    "worse_ms": round(beside.latency_p99_ms - alone.latency_p99_ms, 2),
                    "late": beside.late_frames,
                    "audio_ok": beside.audio_ok,
                }
            )
    return {"benchmark": "hostile", "sessions": sessions, "alone_p99_ms": alone.latency_p99_ms, "rows": rows}


def hostile_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    lines = [f"p99 of {result['sessions']} sessions alone: {result['alone_p99_ms']:.1f} ms"]
    lines += [
        f"  {row['attack']:34}{row['p99_ms']:8.1f} ms{row['worse_ms']:+8.1f} ms   audio {'ok' if row['audio_ok'] else 'NOT OK'}"
        for row in result["rows"]
    ]
    return "\n".join(lines)


@contextmanager
def _attacked(server: Server, attack: Callable[[Server], None]) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        # An attacker's own work is done on another machine, and takes nothing of the box's.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        while not over.is_set():
            # What an attacker is refused is what it is here for.
            with contextlib.suppress(OSError):
                attack(server)
            time.sleep(0.01)

    threads = [threading.Thread(target=repeat, daemon=True) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(5.0)


def _joined(server: Server) -> Wire:
    wire = Wire(server.port, tls=False, source=server.address)
    wire.upgrade(_RAW, f"Authorization: Bearer {server.token}\r\n")
    return wire


def _send(wire: Wire, data: bytes) -> None:
    wire.socket.settimeout(1.0)
    with contextlib.closing(wire.socket):
        wire.socket.sendall(data)


def _packet(number: int, pcm: bytes) -> bytes:
    return frame(BINARY, encode_raw_packet(AudioPacket(KIND_AUDIO, 0, number, 0, pcm)))


def _connect(server: Server) -> None:
    _connection(server).close()


def _connection(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=1.0, source_address=(server.address, 0))


def _half_request(server: Server) -> None:
    with _connection(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost")
        time.sleep(0.05)


def _requests(server: Server) -> None:
    with _connection(server) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        while connection.recv(1 << 20):
            pass


def _body(server: Server) -> None:
    with _connection(server) as connection:
        head = f"POST /api/v1/denoise HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.token}\r\n"
        connection.sendall(f"{head}Content-Length: {_BODY_BYTES}\r\n\r\n".encode() + bytes(_BODY_BYTES))


ATTACKS: dict[str, Callable[[Server], None]] = {
    "tiny frames": lambda server: _send(_joined(server), _PING * 3000),
    "audio ahead of time": lambda server: _send(
        _joined(server), b"".join(_packet(number, bytes(640)) for number in range(300))
    ),
    "packets of the wrong size": lambda server: _send(_joined(server), _packet(0, b"short") * 1000),
    "oversized frames": lambda server: _send(_joined(server), struct.pack("!BBQ", 0x82, 0xFF, 2**40) + bytes(4096)),
    "fragments": lambda server: _send(
        _joined(server), (b"\x02" + frame(0, bytes(9000))[1:]) + frame(0, bytes(9000))[:1]
    ),
    "connections": _connect,
    "half requests": _half_request,
    "requests": _requests,
    "bodies": _body,
}
