"""The load generator of the `sessions` benchmark: many clients in a process of their own.

It speaks WebSocket itself: with a client library for each of hundreds of sessions, it would be slower than the box.
Reads a `Load` as msgpack on its standard input, writes a report as JSON on its standard output.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import gevent
import msgpack
import numpy as np

from edge_server.transport.packets import FLAG_LATE, KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from scripts.bench_dialects import DIALECTS, Dialect
from scripts.bench_wire import Wire

SETTLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `sessions` clients speak packets of the int16 PCM `clip` again and again, for `seconds`.

    `expected` is what has to come back for the first round of the clip (empty: not compared).
    """

    port: int
    token: str
    dialect: str
    sessions: int
    sample_rate_hz: int
    packet_samples: int
    seconds: float
    clip: bytes
    expected: bytes


@dataclass
class Talker:
    """One client and what it noticed; latencies and lags in seconds."""

    wire: Wire
    dialect: Dialect
    delay_samples: int
    sent_at_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    late_packets: int = 0

    def listen(self) -> None:
        """Take answers until the box hangs up."""
        try:
            while True:
                packet = self.dialect.answer(*self.wire.receive())
                if packet is not None:
                    self._count(decode_answer(packet))
        except OSError:
            return

    def _count(self, answer: AudioPacket) -> None:
        if answer.kind == KIND_AUDIO:
            self.latencies_s.append(time.perf_counter() - self.sent_at_s[answer.sequence])
            self.late_packets += bool(answer.flags & FLAG_LATE)
            self.received.append(answer.payload)


def run(load: Load) -> dict[str, Any]:
    """Connect everyone, speak, and report."""
    talkers = [_join(load) for _ in range(load.sessions)]
    listeners = [gevent.spawn(talker.listen) for talker in talkers]
    _speak(load, talkers)
    _settle(talkers)
    gevent.killall(listeners)
    return _report(load, talkers)


def _join(load: Load) -> Talker:
    wire, dialect = Wire(load.port), DIALECTS[load.dialect]()
    return Talker(wire, dialect, dialect.join(wire, load.token, load.sample_rate_hz, load.packet_samples))


def _speak(load: Load, talkers: list[Talker]) -> None:
    packet_s = load.packet_samples / load.sample_rate_hz
    packet_bytes = 2 * load.packet_samples
    chunks = [load.clip[at : at + packet_bytes] for at in range(0, len(load.clip) - packet_bytes + 1, packet_bytes)]
    begun_s = time.perf_counter() + 0.1
    for sequence in range(int(load.seconds / packet_s)):
        for index, talker in enumerate(talkers):
            # Real microphones are not in step; the sessions are spread over the length of a packet.
            due_s = begun_s + (sequence + index / len(talkers)) * packet_s
            gevent.sleep(max(0.0, due_s - time.perf_counter()))
            packet = AudioPacket(KIND_AUDIO, 0, sequence, 0, chunks[sequence % len(chunks)])
            talker.lags_s.append(time.perf_counter() - due_s)
            talker.sent_at_s.append(time.perf_counter())
            talker.wire.send(talker.dialect.question(encode_packet(packet)))


def _settle(talkers: list[Talker]) -> None:
    deadline_s = time.perf_counter() + SETTLE_S
    while time.perf_counter() < deadline_s:
        if all(len(talker.latencies_s) == len(talker.sent_at_s) for talker in talkers):
            return
        gevent.sleep(0.02)


def _report(load: Load, talkers: list[Talker]) -> dict[str, Any]:
    latencies_ms = 1000 * np.array([value for talker in talkers for value in talker.latencies_s] or [0.0])
    lags_ms = 1000 * np.array([value for talker in talkers for value in talker.lags_s])
    sent = sum(len(talker.sent_at_s) for talker in talkers)
    return {
        "sent": sent,
        "unanswered": sent - sum(len(talker.latencies_s) for talker in talkers),
        "late_packets": sum(talker.late_packets for talker in talkers),
        "latency_p50_ms": float(np.percentile(latencies_ms, 50)),
        "latency_p99_ms": float(np.percentile(latencies_ms, 99)),
        "generator_lag_p99_ms": float(np.percentile(lags_ms, 99)),
        "audio_ok": all(_sounds_right(load, talker) for talker in talkers) if load.expected else None,
    }


def _sounds_right(load: Load, talker: Talker) -> bool:
    heard = b"".join(talker.received)[2 * talker.delay_samples :][: len(load.expected)]
    return bool(heard) and heard == load.expected[: len(heard)]


def main() -> None:
    """Read a load, carry it out, print the report."""
    print(json.dumps(run(Load(**msgpack.unpackb(sys.stdin.buffer.read())))))


if __name__ == "__main__":
    main()
