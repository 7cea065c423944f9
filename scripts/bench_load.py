"""The load generator of the `sessions` benchmark: many clients in a process of their own.

It speaks the wire itself, on sockets that never wait: with a client library for each of hundreds of sessions it
would be slower than the box. Reads a `Load` as msgpack on its standard input, writes a report as JSON on its
standard output.
"""

import json
import select
import sys
import time
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np
import psutil

from scripts.bench_dialects import TALKERS
from scripts.bench_stream_talkers import BreakingTalker, Questions
from scripts.bench_voice import Voice
from scripts.bench_wire import Wire, poller

SETTLE_S = 2.0
LEAD_S = 0.2
WARM_UP_S = 0.5
"""So long each half of the sessions speaks while the other is silent: what the server grows by for the second half
is the sessions' own, since no more speak at once than before."""
BREAKING_EVERY = 4
"""Of so many talkers that may break off, one does: it waits for its new connection, and all the others with it."""
LONGEST_LAG_S = 2.0
"""A generator that is so much behind has lost: it says what it did until then."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: `sessions` clients speak, for `seconds`, packets of int16 PCM from `clips`, one each in turn.

    Each is a device of its own, where there are as many `tokens`: they take turns, too.
    `expected` is what has to come back for each clip, delay apart (empty: not compared). The clips last `WARM_UP_S`
    longer than `seconds`, or more.
    """

    port: int
    server_pid: int
    tokens: list[str]
    dialect: str
    tls: bool
    sessions: int
    sample_rate_hz: int
    packet_samples: int
    seconds: float
    clips: list[bytes]
    expected: list[bytes]


@dataclass(frozen=True, slots=True)
class Spent:
    """What a load took: CPU (1 is a core), and memory in bytes.

    `session_bytes` is what the server grew by for each of the second half of the sessions, in their first `WARM_UP_S`: None
    where there is one alone. `beside_bytes` is what it grew by beside that: buffers for as many as speak at once, and
    whatever grew while all of them spoke.
    """

    server_cpu: float
    generator_cpu: float
    session_bytes: float | None
    beside_bytes: float | None


class Crowd:
    """All voices and the one loop that serves them."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._packet_s = load.packet_samples / load.sample_rate_hz
        self._server = psutil.Process(load.server_pid)
        self._questions = Questions()
        self._poller = poller([])
        self._by_number: dict[int, tuple[Wire, Voice]] = {}
        self.voices: list[Voice] = []
        self.lags_s: list[float] = []
        self.unsent = 0

    def speak(self) -> Spent:
        """Let everyone speak."""
        everyone, later = self._load.sessions, self._load.sessions // 2
        idle_bytes = self._rss_bytes()
        first_bytes = self._rss_bytes_with(everyone - later)
        session_bytes = (self._rss_bytes_with(everyone) - first_bytes) / later if later else None
        self._begin_to_measure()
        began_s, server_s, own_s = time.perf_counter(), _cpu_s(self._server), time.process_time()
        self._speak_for(self._load.seconds, self.voices)
        elapsed_s = time.perf_counter() - began_s
        spent = Spent(
            server_cpu=(_cpu_s(self._server) - server_s) / elapsed_s,
            generator_cpu=(time.process_time() - own_s) / elapsed_s,
            session_bytes=session_bytes,
            beside_bytes=None if session_bytes is None else self._rss_bytes() - idle_bytes - everyone * session_bytes,
        )
        self._settle()
        for voice in self.voices:
            voice.late_frames_told = voice.talker.leave()
        return spent

    def _rss_bytes_with(self, count: int) -> int:
        """Let others join until there are so many, and these others speak; give the server's memory then."""
        new = range(len(self.voices), count)
        for _ in new:
            voice = self._join(len(self.voices), self._questions)
            self.voices.append(voice)
            self._listen_to(voice)
        self._speak_for(WARM_UP_S, self.voices[new.start :])
        # While others connect, nobody listens.
        self._settle()
        return self._rss_bytes()

    def _listen_to(self, voice: Voice) -> None:
        for wire in voice.talker.wires:
            wire.set_free()
            self._by_number[wire.socket.fileno()] = (wire, voice)
            self._poller.register(wire.socket.fileno(), select.EPOLLIN)

    def _begin_to_measure(self) -> None:
        self.lags_s.clear()
        for voice in self.voices:
            voice.begin_to_measure()

    def _speak_for(self, seconds: float, voices: list[Voice]) -> None:
        rounds, count, began_s = int(seconds / self._packet_s), len(voices), time.perf_counter()
        for number in range(rounds * count):
            # Real microphones are not in step; the sessions are spread over the length of a packet.
            due_s = began_s + LEAD_S + number * self._packet_s / count
            self._listen_until(due_s)
            self.lags_s.append(time.perf_counter() - due_s)
            if self.lags_s[-1] > LONGEST_LAG_S:
                self.unsent += rounds * count - number
                return
            turn, index = divmod(number, count)
            voice = voices[index]
            # One after the other, so that most speak while one is away.
            if index % BREAKING_EVERY == 0 and turn == (index + 1) * rounds // (count + 1):
                self._break_off(voice)
            voice.speak(due_s)

    def _break_off(self, voice: Voice) -> None:
        if isinstance(voice.talker, BreakingTalker):
            voice.say_again(voice.talker.break_off(voice.next_answer))
            self._listen_to(voice)

    def _rss_bytes(self) -> int:
        return int(self._server.memory_info().rss)

    def _join(self, index: int, questions: Questions) -> Voice:
        load = self._load
        token = load.tokens[index % len(load.tokens)]
        talker = TALKERS[load.dialect](load.port, load.tls, token, load.sample_rate_hz, load.packet_samples, questions)
        clip, size = load.clips[index % len(load.clips)], 2 * load.packet_samples
        chunks = [clip[at : at + size] for at in range(0, len(clip) - size + 1, size)]
        expected = load.expected[index % len(load.clips)] if load.expected else b""
        return Voice(talker, chunks, expected, size)

    def _listen_until(self, due_s: float) -> None:
        while True:
            left_s = due_s - time.perf_counter()
            for number, _ in self._poller.poll(max(0.0, left_s)):
                wire, voice = self._by_number[number]
                voice.hear(wire)
            if left_s <= 0:
                return

    def _settle(self) -> None:
        deadline_s = time.perf_counter() + SETTLE_S
        while time.perf_counter() < deadline_s:
            if not any(voice.unanswered_packets for voice in self.voices):
                return
            self._listen_until(time.perf_counter() + 0.02)


def run(load: Load) -> dict[str, Any]:
    """Connect everyone, speak, and report."""
    crowd = Crowd(load)
    spent = crowd.speak()
    voices = crowd.voices
    latencies_ms = 1000 * np.array([value for voice in voices for value in voice.latencies_s] or [0.0])
    return {
        "sent": sum(len(voice.due_at_s) for voice in voices) + crowd.unsent,
        "unanswered": sum(voice.unanswered_packets for voice in voices) + crowd.unsent,
        "late_packets": sum(voice.late_packets for voice in voices),
        "latency_p50_ms": float(np.percentile(latencies_ms, 50)),
        "latency_p99_ms": float(np.percentile(latencies_ms, 99)),
        "generator_lag_p99_ms": 1000 * float(np.percentile(crowd.lags_s, 99)),
        "generator_cpu_percent": 100 * spent.generator_cpu,
        "server_cpu_percent": 100 * spent.server_cpu,
        "session_kb": None if spent.session_bytes is None else round(spent.session_bytes / 1e3, 1),
        "beside_mb": None if spent.beside_bytes is None else round(spent.beside_bytes / 1e6, 1),
        "audio_ok": all(voice.audio_ok for voice in voices) if load.expected else None,
        "wrong_voices": sum(voice.sounds_wrong for voice in voices),
    }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Read a load, carry it out, print the report."""
    print(json.dumps(run(Load(**msgpack.unpackb(sys.stdin.buffer.read())))))


if __name__ == "__main__":
    main()
