"""Sessions that come and go for an hour: the second half of the `soak` benchmark."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from scripts.bench_servers import running_box
from scripts.bench_sessions import LoadResult, speech, spoken_load

WARM_UP_SHARE = 0.1
WAVE_S = 3.0
_SHORTEST_PACKET_MS = 20
_WAVES = (("socketio", 60, 1), ("raw", 20, 2), ("raw", 60, 1), ("socketio", 20, 2))
"""Of one wave after the other: the transport, the length of a packet in ms, and by how much fewer come."""


def run_crowd_soak(model_path: Path, sessions: int, minutes: float, wave_s: float = WAVE_S) -> dict[str, Any]:
    """Let waves of sessions come to a real box, speak and vanish, over both transports, with long packets and short ones.

    Short packets cost more: half as many come with them, but for the first wave, which is not counted. Gives `{"sessions",
    "minutes", "waves", "rss_growth_percent", "threads", "descriptors", "streams_left", "sessions_left", "late_frames",
    "dropped", "waves_not_ok"}`, where threads and descriptors are pairs, after the first waves and at the end, and a wave
    is not ok when its audio is not.
    """
    said = speech(model_path, wave_s + 1.0)
    with running_box(model_path, sessions, "socketio", tls=False) as server:
        process, until_s = psutil.Process(server.pid), time.monotonic() + 60 * minutes
        warm_s = until_s - 60 * minutes * (1 - WARM_UP_SHARE)
        loads: list[LoadResult] = []
        first: dict[str, float] = {}
        bar = tqdm(desc="a crowd", unit=" waves", disable=None)
        # More than a small box carries: every size of a batch has run once, and its memory is there, before anything is measured.
        spoken_load(server, said, sessions, _SHORTEST_PACKET_MS, wave_s)
        while time.monotonic() < until_s or len(loads) < 2 * len(_WAVES):
            for server.dialect, packet_ms, fewer in _WAVES:
                loads.append(spoken_load(server, said, max(1, sessions // fewer), packet_ms, wave_s))
                bar.update()
            if not first and time.monotonic() >= warm_s:
                first = _footprint(process, server.port)
        bar.close()
        last = _footprint(process, server.port)
    return {
        "sessions": sessions,
        "minutes": minutes,
        "waves": len(loads),
        "rss_growth_percent": round(100 * (last["rss"] / first["rss"] - 1), 2),
        "threads": [first["threads"], last["threads"]],
        "descriptors": [first["descriptors"], last["descriptors"]],
        "streams_left": last["hushbox_streams"],
        "sessions_left": last["hushbox_sessions"],
        "late_frames": sum(load.late_frames for load in loads),
        "dropped": sum(load.dropped for load in loads),
        "waves_not_ok": sum(load.audio_ok is False for load in loads),
    }


def soak_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    return "\n".join(f"  {name.replace('_', ' '):22}{value}" for name, value in result.items())


def _footprint(process: psutil.Process, port: int) -> dict[str, float]:
    # Those who vanished are noticed at once, since their sockets were closed; a moment for the last greenlets.
    time.sleep(2.0)
    found: dict[str, float] = {
        "rss": process.memory_info().rss,
        "threads": process.num_threads(),
        "descriptors": process.num_fds(),
    }
    for name, value in _metrics(port):
        found[name] = found.get(name, 0.0) + value
    return found


def _metrics(port: int) -> Iterator[tuple[str, float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                yield name.partition("{")[0], float(value)
