"""The `sessions` benchmark: how many live voices the real server carries, and how many a naive handler does."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import psutil
import soundfile

from edge_server.app import token_desk
from edge_server.audio.pcm import to_s16le
from edge_server.auth.tokens import SPEAKER
from edge_server.config import REPOSITORY, Settings
from edge_server.engine.model_file import SHIPPED_SUFFIX, load_model
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from scripts.bench_load import Load

CLIP = REPOSITORY / "tests" / "data" / "sensor_10db.noisy.flac"
SUSTAINED_P99_MS = 60.0
"""A voice is sustained while its slowest answers still fit a jitter buffer that nobody notices."""
START_TIMEOUT_S = 30.0
FIRST_TRY = 4
MAX_BASELINE = 512


@dataclass(frozen=True, slots=True)
class LoadResult:
    """One load on one server; latencies from sending a packet to having its answer, in milliseconds.

    `audio_ok` is None where nothing was expected of the audio.
    """

    sessions: int
    latency_p50_ms: float
    latency_p99_ms: float
    late_frames: int
    dropped: int
    cpu_percent: float
    generator_lag_p99_ms: float
    audio_ok: bool | None

    @property
    def sustained(self) -> bool:
        """Say whether every packet was answered, in time and with clean audio."""
        in_time = not self.dropped and not self.late_frames and self.latency_p99_ms <= SUSTAINED_P99_MS
        return in_time and self.audio_ok is not False


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load."""

    port: int
    token: str
    dialect: str
    process: psutil.Process


def run_sessions_benchmark(
    model_path: Path, sessions: int, packet_ms: int, seconds: float, *, max_baseline_sessions: int = MAX_BASELINE
) -> dict[str, Any]:
    """Load the real server with `sessions` voices, or as many as it sustains; then the naive one, as many as it sustains.

    Gives one flat dict; when not even one voice is sustained, `sustained` is False and the load that was asked for is
    described. `ratio_to_baseline` is None unless both were sustained. No baseline is measured when
    `max_baseline_sessions` is 0.
    """
    samples, rate_hz = soundfile.read(CLIP, dtype="int16")
    packet_samples = rate_hz * packet_ms // 1000
    clip = samples[: len(samples) // packet_samples * packet_samples]
    expected = to_s16le(denoise_samples(load_model(model_path), clip.astype(np.float32) / 32768, rate_hz))

    def loaded(server: Server, count: int, expected_pcm: bytes) -> LoadResult:
        load = Load(
            server.port,
            server.token,
            server.dialect,
            count,
            rate_hz,
            packet_samples,
            seconds,
            clip.tobytes(),
            expected_pcm,
        )
        return _measure(server, load)

    with _box(model_path, sessions) as box:
        ours = _asked_or_largest(sessions, lambda count: loaded(box, count, expected))
    result = {"benchmark": "sessions", "model": model_path.name, "packet_ms": packet_ms, **asdict(ours)}
    result["requested_sessions"] = sessions
    result["sustained"] = ours.sustained
    if max_baseline_sessions:
        baseline_model = _baseline_model(model_path)
        with _naive(baseline_model) as naive:
            theirs = _largest_up_to(max_baseline_sessions, lambda count: loaded(naive, count, b""))
        result["baseline_model"] = baseline_model.name
        result["baseline_precision"] = "int8" if baseline_model == model_path else "fp32"
        result["baseline_sessions"] = theirs.sessions if theirs else 0
        result["baseline_latency_p99_ms"] = theirs.latency_p99_ms if theirs else None
        result["ratio_to_baseline"] = round(ours.sessions / theirs.sessions, 2) if theirs and ours.sustained else None
    return result


def sessions_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    head = f"Live sessions, model {result['model']}, packets of {result['packet_ms']} ms"
    lines = [
        head,
        f"  sustained sessions   {result['sessions'] if result['sustained'] else 0}"
        f" (asked for {result['requested_sessions']})",
        f"  added latency        p50 {result['latency_p50_ms']:.1f} ms, p99 {result['latency_p99_ms']:.1f} ms",
        f"  late frames, drops   {result['late_frames']}, {result['dropped']}",
        f"  audio as offline     {'yes' if result['audio_ok'] else 'NO'}",
        f"  server CPU           {result['cpu_percent']:.0f} % of one core",
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


def _measure(server: Server, load: Load) -> LoadResult:
    before_s = _cpu_s(server.process)
    command = [sys.executable, "-m", "scripts.bench_load"]
    generator = subprocess.run(
        command, input=msgpack.packb(asdict(load)), capture_output=True, cwd=REPOSITORY, check=False
    )
    # Connecting is counted too, so this is a little more than speaking alone takes.
    cpu_percent = 100 * (_cpu_s(server.process) - before_s) / load.seconds
    if generator.returncode:
        raise EngineFailedError(f"The load generator failed: {generator.stderr.decode().strip().splitlines()[-1]}")
    report = json.loads(generator.stdout)
    return LoadResult(
        sessions=load.sessions,
        latency_p50_ms=round(report["latency_p50_ms"], 2),
        latency_p99_ms=round(report["latency_p99_ms"], 2),
        late_frames=report["late_packets"],
        dropped=report["unanswered"],
        cpu_percent=round(cpu_percent, 1),
        generator_lag_p99_ms=round(report["generator_lag_p99_ms"], 2),
        audio_ok=report["audio_ok"],
    )


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _baseline_model(model_path: Path) -> Path:
    fp32 = model_path.with_name(model_path.name.removesuffix(SHIPPED_SUFFIX) + ".fp32.onnx")
    return fp32 if fp32.is_file() else model_path


@contextmanager
def _box(model_path: Path, sessions: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as data_dir:
        options = ["--data-dir", data_dir, "--model", str(model_path), "--http-port", "0", "--no-https"]
        limits = ["--max-streams", str(sessions), "--max-connections", str(2 * sessions + 16)]
        command = [sys.executable, "-m", "edge_server", "serve", *options, *limits]
        with _running(command) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, b"")
            port = next(int(found[1]) for line in lines if (found := re.search(rb"http://localhost:(\d+)", line)))
            token = token_desk(Settings(data_dir=Path(data_dir))).issue(SPEAKER).token
            yield Server(port, token, "box", psutil.Process(process.pid))


@contextmanager
def _naive(model_path: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with _running([sys.executable, "-m", "scripts.bench_naive", str(model_path), str(port)]) as process:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError as error:
                if time.monotonic() > deadline_s or process.poll() is not None:
                    raise EngineFailedError("The naive server did not start.") from error
                time.sleep(0.05)
        yield Server(port, "", "naive", psutil.Process(process.pid))


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_TIMEOUT_S)
