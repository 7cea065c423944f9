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
from scripts.bench_servers import Server, running_box, running_naive

CLIPS = REPOSITORY / "tests" / "data"
SUSTAINED_P99_MS = 20.0
"""A voice is sustained while its slowest answers come within a packet of 20 ms, or within one longer packet."""
FIRST_TRY = 4
MAX_BASELINE = 512


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One load on one server; latencies from sending a packet to having its answer, in milliseconds.

    Both processes' CPU is in percent of one core. `audio_ok` is None where nothing was expected of the audio.
    """

    sessions: int
    latency_p50_ms: float
    latency_p99_ms: float
    late_frames: int
    dropped: int
    cpu_percent: float
    generator_lag_p99_ms: float
    audio_ok: bool | None
    generator_cpu_percent: float = 0.0
    session_kb: float = 0.0
    longest_p99_ms: float = SUSTAINED_P99_MS

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
) -> dict[str, Any]:
    """Load the real server with `sessions` voices, or as many as it sustains; then the naive one, as many as it sustains.

    Gives one flat dict; when not even one voice is sustained, or without `search`, the load that was asked for is
    described, and `sustained` says how it went. `ratio_to_baseline` is None unless both were sustained. No baseline is
    measured when `max_baseline_sessions` is 0.
    """
    said = speech(model_path, seconds + 1.0)
    with running_box(model_path, sessions, transport, tls) as box:
        load = partial(spoken_load, box, said, packet_ms=packet_ms, seconds=seconds)
        one = _asked_or_largest(sessions, load) if search else load(sessions)
    result = {"benchmark": "sessions", "model": model_path.name, "packet_ms": packet_ms, **asdict(one)}
    result |= {"requested_sessions": sessions, "transport": transport, "tls": tls, "sustained": one.sustained}
    result["session_kb"] = one.session_kb
    if max_baseline_sessions:
        silent = Speech(said.rate_hz, said.clips, [])
        result |= _baseline(
            model_path,
            one,
            lambda naive, count: spoken_load(naive, silent, count, packet_ms, seconds),
            max_baseline_sessions,
        )
    return result


def spoken_load(server: Server, said: Speech, sessions: int, packet_ms: int, seconds: float) -> LoadResult:
    """Let so many sessions speak on a server, and tell how it went."""
    load = Load(
        port=server.port,
        server_pid=server.pid,
        token=server.token,
        dialect=server.dialect,
        tls=server.tls,
        sessions=sessions,
        sample_rate_hz=said.rate_hz,
        packet_samples=said.rate_hz * packet_ms // 1000,
        seconds=seconds,
        clips=said.clips,
        expected=said.expected,
    )
    return _measure(load, max(SUSTAINED_P99_MS, packet_ms))


def _baseline(
    model_path: Path, ours: LoadResult, load: Callable[[Server, int], LoadResult], most: int
) -> dict[str, Any]:
    baseline_model = _baseline_model(model_path)
    with running_naive(baseline_model) as naive:
        theirs = _largest_up_to(most, lambda count: load(naive, count))
    return {
        "baseline_model": baseline_model.name,
        "baseline_precision": "int8" if baseline_model == model_path else "fp32",
        "baseline_sessions": theirs.sessions if theirs else 0,
        "baseline_latency_p99_ms": theirs.latency_p99_ms if theirs else None,
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
        f"  server CPU           {result['cpu_percent']:.0f} % of one core, {result['session_kb']:.0f} kB a session",
        f"  generator CPU        {result['generator_cpu_percent']:.0f} % of one core",
        f"  generator lag p99    {result['generator_lag_p99_ms']:.1f} ms",
    ]
    if "baseline_sessions" in result:
        lines.append(f"  naive handler        {result['baseline_sessions']} sessions, {result['baseline_precision']}")
        if result["ratio_to_baseline"]:
            at_least = " (at least: more were not asked for)" * (result["sessions"] == result["requested_sessions"])
            lines.append(f"  ratio                {result['ratio_to_baseline']:.1f}{at_least}")
    return "\n".join(lines)


def _asked_or_largest(sessions: int, load: Callable[[int], LoadResult]) -> LoadResult:
    asked = load(sessions)
    return asked if asked.sustained else _largest_up_to(sessions - 1, load) or asked


def _largest_up_to(limit: int, load: Callable[[int], LoadResult]) -> LoadResult | None:
    best: LoadResult | None = None
    count, too_many = max(1, min(FIRST_TRY, limit)), limit + 1
    # Doubled until it is too much, then halved in between until an eighth is left.
    while count < too_many:
        result = load(count)
        if result.sustained:
            best = result
        else:
            too_many = count
        carried = best.sessions if best else 0
        if too_many - carried <= max(1, carried // 8):
            break
        count = min(2 * carried, limit) if too_many > limit else (carried + too_many) // 2
    return best


def _measure(load: Load, longest_p99_ms: float) -> LoadResult:
    command = [sys.executable, "-m", "scripts.bench_load"]
    generator = subprocess.run(
        command, input=msgpack.packb(asdict(load)), capture_output=True, cwd=REPOSITORY, check=False
    )
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
        generator_cpu_percent=round(report["generator_cpu_percent"], 1),
        session_kb=round(report["session_kb"], 1),
        longest_p99_ms=longest_p99_ms,
    )


def _baseline_model(model_path: Path) -> Path:
    fp32 = model_path.with_name(model_path.name.removesuffix(SHIPPED_SUFFIX) + ".fp32.onnx")
    return fp32 if fp32.is_file() else model_path
