"""The `box` benchmark: how soon a box is ready, what it weighs, and what it does while nobody speaks."""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from scripts.bench_servers import running_box
from scripts.bench_sessions import speech, spoken_load

IDLE_S = 5.0
SESSIONS = 100


def run_box_benchmark(model_path: Path, idle_s: float = IDLE_S, most_sessions: int = SESSIONS) -> dict[str, Any]:
    """Start a box, leave it alone, load it as far as it says it can be, and leave it alone again.

    Gives `{"benchmark", "start_to_ready_s", "idle_rss_mb", "idle_cpu_percent", "sessions", "session_kb", "beside_mb",
    "threads", "descriptors_idle", "descriptors_after", "cores"}`, where `beside_mb` is what all sessions together
    take beside that: buffers for as many as speak at once. Both are None on a box that carries one voice.
    """
    began_s = time.perf_counter()
    with running_box(model_path, most_sessions, "socketio", tls=False, admit_measured=True) as server:
        _wait_until_ready(server.port)
        ready_s = time.perf_counter() - began_s
        process = psutil.Process(server.pid)
        idle_cpu_percent = _cpu_percent(process, idle_s)
        idle_bytes, descriptors = process.memory_info().rss, process.num_fds()
        # More than it carries would be kept waiting, and count as memory of the sessions.
        sessions = int(_answer(server.port, "/api/v1/info")["capacity"]["live_voices"])
        load = spoken_load(server, speech(model_path, 3.0), sessions, 20, 2.0)
        time.sleep(2.0)
        return {
            "benchmark": "box",
            "start_to_ready_s": round(ready_s, 2),
            "idle_rss_mb": round(idle_bytes / 1e6, 1),
            "idle_cpu_percent": round(idle_cpu_percent, 2),
            "sessions": sessions,
            "session_kb": load.session_kb,
            "beside_mb": load.beside_mb,
            "threads": process.num_threads(),
            "descriptors_idle": descriptors,
            "descriptors_after": process.num_fds(),
            "cores": os.cpu_count(),
        }


def box_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    return "\n".join(
        [
            f"  start to ready       {result['start_to_ready_s']:.2f} s",
            f"  memory, idle         {result['idle_rss_mb']:.0f} MB resident",
            f"  memory, a session    {_session_memory(result)}",
            f"  CPU, idle            {result['idle_cpu_percent']:.2f} % of one core",
            f"  descriptors          {result['descriptors_idle']} idle, {result['descriptors_after']} after a load",
        ]
    )


def _session_memory(result: dict[str, Any]) -> str:
    if result["session_kb"] is None:
        return "not known: this box carries one voice"
    return f"{result['session_kb']:.0f} kB of {result['sessions']}, and {result['beside_mb']:.0f} MB beside"


def _wait_until_ready(port: int) -> None:
    deadline_s = time.monotonic() + 30.0
    while time.monotonic() < deadline_s:
        try:
            if _answer(port, "/readyz")["ok"]:
                return
        except urllib.error.URLError:
            time.sleep(0.01)


def _answer(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return json.loads(answer.read())


def _cpu_percent(process: psutil.Process, seconds: float) -> float:
    before = process.cpu_times()
    time.sleep(seconds)
    after = process.cpu_times()
    return 100 * (after.user + after.system - before.user - before.system) / seconds
