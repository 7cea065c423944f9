"""Sessions that come and go for an hour: the second half of the `soak` benchmark; and what both halves are held to."""

import contextlib
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil
from tqdm import tqdm

from scripts.bench_servers import Server, running_box
from scripts.bench_sessions import LoadResult, Speech, speech, spoken_load

WARM_UP_SHARE = 0.1
WAVE_S = 3.0
LARGEST_GROWTH_PERCENT = 2.0
LARGEST_LAST_MINUTE_ERROR_DB = -20.0
"""Of what has to be smaller: the growth of the memory since the warm-up, and how much else a stream hears after its day."""
_WARM_UP_PACKETS_MS = (20, 60)
_QUIET_S = 6.0
"""A second longer than gevent keeps a thread that has nothing to do."""
_COUNT_EVERY_S = 0.5
LINES = (
    (("socketio", 60), ("raw, breaking", 20), ("polling", 60)),
    (("raw", 60), ("socketio, breaking", 20), ("raw", 20)),
)
"""Of the waves of each line, one after the other: the dialect, and the length of a packet in ms."""


def run_crowd_soak(model_path: Path, sessions: int, minutes: float, wave_s: float = WAVE_S) -> dict[str, Any]:
    """Let waves of sessions come to a real box, speak and go, over every transport, with long packets and short ones.

    Two lines of waves share the box, half of the sessions in each, and begin half a wave apart: some speak while others come
    and go. Most vanish; who polls says goodbye, and so do the waves in which some lose their connections and go on. Gives
    `{"sessions", "minutes", "waves", "streams_mean", "streams_most", "rss_mb", "rss_growth_percent", "threads", "descriptors",
    "streams_left", "sessions_left", "late_frames", "dropped", "waves_not_ok", "voices_wrong"}`, where `streams_mean` and
    `streams_most` are how many spoke at once, counted twice a second, and threads and descriptors are pairs, after the
    first waves and at the end, and `rss_mb` is the memory from the first waves to the last, in tenths of the time: what
    leaks grows in all of them. A wave is not ok when its audio is not; a voice is wrong when nothing of its own was late
    or dropped.
    """
    said = speech(model_path, wave_s + 1.0)
    places = max(sessions, len(LINES))
    with running_box(model_path, places, "socketio", tls=False) as server, ThreadPoolExecutor(len(LINES)) as lines:
        process, until_s = psutil.Process(server.pid), time.monotonic() + 60 * minutes
        warm_s = until_s - 60 * minutes * (1 - WARM_UP_SHARE)
        loads: list[LoadResult] = []
        spoke: list[float] = []
        rss_mb: list[float] = []
        first: dict[str, float] = {}
        bar = tqdm(desc="a crowd", unit=" waves", disable=None)
        # More than a small box carries: every size of a batch has run once, of one frame of a stream and of several, and its
        # memory is there, before anything is measured.
        for packet_ms in _WARM_UP_PACKETS_MS:
            spoken_load(server, said, sessions, packet_ms, wave_s)
        while time.monotonic() < until_s or len(loads) < 2 * sum(map(len, LINES)):
            numbers = range(len(LINES))
            came = [lines.submit(_line, server, said, places // len(LINES), wave_s, number) for number in numbers]
            spoke += _streams_until_done(came, server.port)
            loads += [load for line in came for load in line.result()]
            bar.update(sum(map(len, LINES)))
            rss_mb.append(round(process.memory_info().rss / 1e6, 1))
            if not first and time.monotonic() >= warm_s:
                first = _footprint(process, server.port)
        bar.close()
        last = _footprint(process, server.port)
    return {
        "sessions": sessions,
        "minutes": minutes,
        "waves": len(loads),
        "streams_mean": round(fmean(spoke), 1) if spoke else None,
        "streams_most": max(spoke, default=None),
        "rss_mb": [rss_mb[number * (len(rss_mb) - 1) // 10] for number in range(11)],
        "rss_growth_percent": round(100 * (last["rss"] / first["rss"] - 1), 2),
        "threads": [first["threads"], last["threads"]],
        "descriptors": [first["descriptors"], last["descriptors"]],
        "streams_left": last["hushbox_streams"],
        "sessions_left": last["hushbox_sessions"],
        "late_frames": sum(load.late_frames for load in loads),
        "dropped": sum(load.dropped for load in loads),
        "waves_not_ok": sum(load.audio_ok is False for load in loads),
        "voices_wrong": sum(load.wrong_voices for load in loads),
    }


def soak_failures(result: dict[str, Any]) -> list[str]:
    """Say of each limit that was not held how it was not.

    What is late or dropped in a crowd depends on what else the machine does, and is no failure.
    """
    stream, crowd = result.get("stream"), result.get("crowd")
    failures = [] if stream or crowd else ["Nothing was measured."]
    if stream:
        failures += [f"The day of a stream: {failure}" for failure in _stream_failures(stream)]
    if crowd:
        failures += [f"The crowd: {failure}" for failure in _crowd_failures(crowd)]
    return failures


def soak_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    return "\n".join(f"  {name.replace('_', ' '):22}{value}" for name, value in result.items())


def _footprint(process: psutil.Process, port: int) -> dict[str, float]:
    # Those who vanished are noticed at once, since their sockets were closed; gevent's threads end when they are idle.
    time.sleep(_QUIET_S)
    found: dict[str, float] = {
        "rss": process.memory_info().rss,
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
    }
    for name, value in _metrics(port):
        found[name] = found.get(name, 0.0) + value
    return found


def _streams_until_done(came: list[Future[list[LoadResult]]], port: int) -> Iterator[float]:
    while wait(came, timeout=_COUNT_EVERY_S).not_done:
        # The box answers the generator's address so many times a second; a count that is missing is no fault of it.
        with contextlib.suppress(OSError):
            yield sum(value for name, value in _metrics(port) if name == "hushbox_streams")


def _metrics(port: int) -> Iterator[tuple[str, float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                yield name.partition("{")[0], float(value)


def _line(server: Server, said: Speech, sessions: int, wave_s: float, number: int) -> list[LoadResult]:
    """Let the waves of one line come, each of other devices than the other line's."""
    time.sleep(number * wave_s / len(LINES))
    tokens = server.tokens[number :: len(LINES)]
    return [
        spoken_load(replace(server, dialect=dialect, tokens=tokens), said, sessions, packet_ms, wave_s)
        for dialect, packet_ms in LINES[number]
    ]


def _stream_failures(stream: dict[str, Any]) -> Iterator[str]:
    yield from _growth_failures(stream)
    if stream["drift_samples"]:
        yield f"what came out drifted from what went in by {stream['drift_samples']} samples."
    if stream["wrong_packets"]:
        yield f"{stream['wrong_packets']} packets did not sound as they had to."
    if stream["late_frames"]:
        yield f"{stream['late_frames']} frames were late."
    if stream["failed_runs"]:
        yield f"{stream['failed_runs']} runs of the model failed."
    # An error that is no number is none that is small enough.
    if not stream["last_minute_error_db"] < LARGEST_LAST_MINUTE_ERROR_DB:
        yield f"its last minute was {stream['last_minute_error_db']} dB away from what a new stream makes of it."


def _crowd_failures(crowd: dict[str, Any]) -> Iterator[str]:
    yield from _growth_failures(crowd)
    for name in ("threads", "descriptors"):
        before, after = crowd[name]
        if before != after:
            yield f"the box had {before:.0f} {name} after the first waves, and {after:.0f} at the end."
    for name in ("streams", "sessions"):
        if crowd[f"{name}_left"]:
            yield f"{crowd[f'{name}_left']:.0f} {name} were left when everyone had gone."
    if crowd["voices_wrong"]:
        yield f"{crowd['voices_wrong']} voices did not hear what they had to, and nothing of theirs was late or dropped."


def _growth_failures(part: dict[str, Any]) -> Iterator[str]:
    if part["rss_growth_percent"] >= LARGEST_GROWTH_PERCENT:
        yield f"memory grew by {part['rss_growth_percent']} % after the warm-up."
