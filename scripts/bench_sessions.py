"""The `sessions` benchmark: how many live voices the real server carries, and how many a naive handler does."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import soundfile

from edge_server.audio.pcm import from_s16le, to_s16le
from edge_server.config import REPOSITORY
from edge_server.engine.model_file import SHIPPED_SUFFIX, load_model
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from scripts.bench_load import Load
from scripts.bench_search import asked_or_largest, largest_sustained
from scripts.bench_servers import Server, running_box, running_naive

CLIPS = REPOSITORY / "tests" / "data"
SUSTAINED_P99_MS = 20.0
"""A voice is sustained while its slowest answers come within a packet of 20 ms, or within one longer packet."""
BASELINE_P99_MS = 100.0
"""What the naive handler is allowed: its server leaves Nagle's algorithm on, so that even a lone voice hears its answers
a packet late. It carries whom it answers without falling behind."""
FIRST_TRY = 4
MAX_BASELINE = 512
LONGEST_TRY_S = 5.0
"""A load that is one of several, to find how many sessions are carried, need not last longer."""
SLOWEST_GENERATOR_MS = 10.0
"""A generator whose packets go out later than this, one in a hundred, measures itself."""
GENERATOR_GRACE_S = 60.0
"""So much longer than the load the generator may take to connect everyone and to see the last answers."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One load on one server; latencies from sending a packet to having its answer, in milliseconds.

    Both processes' CPU is in percent of one core. `audio_ok` is None where nothing was expected of the audio; of those that heard
    something else, `wrong_voices` had nothing late or unanswered.
    """

    sessions: int
    latency_p50_ms: float
    latency_p99_ms: float
    late_frames: int
    dropped: int
    cpu_percent: float
    generator_lag_p99_ms: float
    audio_ok: bool | None
    wrong_voices: int = 0
    generator_cpu_percent: float = 0.0
    session_kb: float | None = None
    """What the server grew by for each of the second half of the sessions; only its first load can tell."""
    beside_mb: float | None = None
    """What it grew by beside that: buffers for as many as speak at once, and whatever grew while they all did."""
    seconds: float = 0.0
    longest_p99_ms: float = SUSTAINED_P99_MS

    @property
    def generator_was_late(self) -> bool:
        """Say whether what was slow may have been the generator, and not the server."""
        return self.generator_lag_p99_ms > SLOWEST_GENERATOR_MS

    @property
    def sustained(self) -> bool:
        """Say whether every packet was answered, in time and with clean audio."""
        in_time = not self.dropped and not self.late_frames and self.latency_p99_ms <= self.longest_p99_ms
        return in_time and self.audio_ok is not False


@dataclass(frozen=True, slots=True)
class Speech:
    """What everyone says: int16 PCM of the model's rate, and what has to come back."""

    rate_hz: int
    clips: list[bytes]
    expected: list[bytes]


def run_sessions_benchmark(
    model_path: Path,
    sessions: int,
    packet_ms: int,
    seconds: float,
    *,
    transport: str = "socketio",
    tls: bool = False,
    max_baseline_sessions: int = MAX_BASELINE,
    search: bool = True,
    tell: Tell = lambda line: None,
) -> dict[str, Any]:
    """Load the real server with `sessions` voices, or as many as it sustains; then the naive one, as many as it sustains.

    Gives one flat dict; when not even one voice is sustained, or without `search`, the load that was asked for is
    described, and `sustained` says how it went. `ratio_to_baseline` is None unless both were sustained. No baseline is
    measured when `max_baseline_sessions` is 0. `tell` hears a line after each load.
    """
    said = speech(model_path, seconds + 1.0)

    def load(server: Server, spoken: Speech, count: int, longest_p99_ms: float) -> LoadResult:
        long = server is box and count == sessions
        wanted_s = seconds if long else min(seconds, LONGEST_TRY_S)
        return _told(tell, server, spoken_load(server, spoken, count, packet_ms, wanted_s, longest_p99_ms))

    with running_box(model_path, sessions, transport, tls) as box:
        ours = partial(load, box, said, longest_p99_ms=SUSTAINED_P99_MS)
        one = asked_or_largest(sessions, ours) if search else ours(sessions)
    result = {"benchmark": "sessions", "model": model_path.name, "packet_ms": packet_ms, **asdict(one)}
    if one.sessions != sessions:
        result |= {"session_kb": None, "beside_mb": None}
    result |= {"requested_sessions": sessions, "transport": transport, "tls": tls, "sustained": one.sustained}
    result |= {"generator_was_late": one.generator_was_late}
    if max_baseline_sessions:
        result |= _baseline(model_path, one, partial(load, longest_p99_ms=BASELINE_P99_MS), said, max_baseline_sessions)
    return result


def spoken_load(
    server: Server,
    said: Speech,
    sessions: int,
    packet_ms: int,
    seconds: float,
    longest_p99_ms: float = SUSTAINED_P99_MS,
) -> LoadResult:
    """Let so many sessions speak on a server, and tell how it went."""
    load = Load(
        port=server.port,
        server_pid=server.pid,
        tokens=server.tokens,
        dialect=server.dialect,
        tls=server.tls,
        sessions=sessions,
        sample_rate_hz=said.rate_hz,
        packet_samples=said.rate_hz * packet_ms // 1000,
        seconds=seconds,
        clips=said.clips,
        expected=said.expected,
    )
    return _measure(load, max(longest_p99_ms, packet_ms))


def _baseline(
    model_path: Path, ours: LoadResult, load: Callable[[Server, Speech, int], LoadResult], said: Speech, most: int
) -> dict[str, Any]:
    baseline_model = _baseline_model(model_path)
    silent = Speech(said.rate_hz, said.clips, [])

    def load_fresh(count: int) -> LoadResult:
        # One that was overloaded goes on with what it still has to do long after everyone has left.
        with running_naive(baseline_model) as naive:
            return load(naive, silent, count)

    theirs = largest_sustained(load_fresh, FIRST_TRY, most)
    return {
        "baseline_model": baseline_model.name,
        "baseline_precision": "int8" if baseline_model == model_path else "fp32",
        "baseline_sessions": theirs.sessions if theirs else 0,
        "baseline_latency_p50_ms": theirs.latency_p50_ms if theirs else None,
        "baseline_latency_p99_ms": theirs.latency_p99_ms if theirs else None,
        "baseline_longest_p99_ms": BASELINE_P99_MS,
        "ratio_to_baseline": round(ours.sessions / theirs.sessions, 2) if theirs and ours.sustained else None,
    }


def speech(model_path: Path, seconds: float) -> Speech:
    """Make everyone's speech, and what has to come back, so many seconds long."""
    model = load_model(model_path)
    clips: list[bytes] = []
    expected: list[bytes] = []
    rate_hz = 0
    for path in sorted(CLIPS.glob("*.noisy.flac")):
        samples, rate_hz = soundfile.read(path, dtype="int16")
        spoken = np.resize(samples, round(seconds * rate_hz))
        clips.append(spoken.tobytes())
        expected.append(to_s16le(denoise_samples(model, from_s16le(spoken.tobytes()), rate_hz)))
    return Speech(rate_hz, clips, expected)


def sessions_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    head = f"Live sessions, model {result['model']}, {result['transport']}, packets of {result['packet_ms']} ms"
    lines = [
        head,
        f"  sustained sessions   {result['sessions'] if result['sustained'] else 0}"
        f" (asked for {result['requested_sessions']})",
        f"  added latency        p50 {result['latency_p50_ms']:.1f} ms, p99 {result['latency_p99_ms']:.1f} ms",
        f"  late frames, drops   {result['late_frames']}, {result['dropped']}",
        f"  audio as offline     {'yes' if result['audio_ok'] else 'NO'}",
        f"  server CPU           {result['cpu_percent']:.0f} % of one core",
        f"  generator CPU        {result['generator_cpu_percent']:.0f} % of one core",
        f"  generator lag p99    {result['generator_lag_p99_ms']:.1f} ms"
        + ": it was late itself, so the box may do better" * result["generator_was_late"],
    ]
    if result["session_kb"] is not None:
        lines.append(
            f"  memory               {result['session_kb']:.0f} kB a session, {result['beside_mb']:.0f} MB beside"
        )
    if "baseline_sessions" in result:
        lines.append(
            f"  naive handler        {result['baseline_sessions']} sessions, {result['baseline_precision']},"
            f" p99 up to {result['baseline_longest_p99_ms']:.0f} ms allowed"
        )
        if result["ratio_to_baseline"]:
            at_least = " (at least: more were not asked for)" * (result["sessions"] == result["requested_sessions"])
            lines.append(f"  ratio                {result['ratio_to_baseline']:.1f}{at_least}")
    return "\n".join(lines)


def _told(tell: Tell, server: Server, result: LoadResult) -> LoadResult:
    who = "naive handler" if server.dialect == "naive" else "box"
    carried = "carried" if result.sustained else "too many"
    lost = f", {result.late_frames} late, {result.dropped} dropped" * bool(result.late_frames or result.dropped)
    late = " (and the generator was late itself)" * result.generator_was_late
    tell(f"{who}: {result.sessions} sessions, p99 {result.latency_p99_ms:.1f} ms{lost}: {carried}{late}")
    return result


def _measure(load: Load, longest_p99_ms: float) -> LoadResult:
    command = [sys.executable, "-m", "scripts.bench_load"]
    longest_s = load.seconds + GENERATOR_GRACE_S
    try:
        generator = subprocess.run(
            command, input=msgpack.packb(asdict(load)), capture_output=True, cwd=REPOSITORY, timeout=longest_s
        )
    except subprocess.TimeoutExpired as error:
        raise EngineFailedError(f"The load generator was not done after {longest_s:.0f} s.") from error
    if generator.returncode:
        raise EngineFailedError(f"The load generator failed: {generator.stderr.decode().strip().splitlines()[-1]}")
    report = json.loads(generator.stdout)
    return LoadResult(
        sessions=load.sessions,
        latency_p50_ms=round(report["latency_p50_ms"], 2),
        latency_p99_ms=round(report["latency_p99_ms"], 2),
        late_frames=report["late_packets"],
        dropped=report["unanswered"],
        cpu_percent=round(report["server_cpu_percent"], 1),
        generator_lag_p99_ms=round(report["generator_lag_p99_ms"], 2),
        audio_ok=report["audio_ok"],
        wrong_voices=report["wrong_voices"],
        generator_cpu_percent=round(report["generator_cpu_percent"], 1),
        session_kb=report["session_kb"],
        beside_mb=report["beside_mb"],
        seconds=load.seconds,
        longest_p99_ms=longest_p99_ms,
    )


def _baseline_model(model_path: Path) -> Path:
    fp32 = model_path.with_name(model_path.name.removesuffix(SHIPPED_SUFFIX) + ".fp32.onnx")
    return fp32 if fp32.is_file() else model_path
