"""The `soak` benchmark: what grows, drifts or leaks when a box runs for long."""

import gc
import math
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from edge_server.engine.model_file import load_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from scripts.bench_servers import running_box
from scripts.bench_sessions import speech, spoken_load

RATE_HZ = 16000
PACKET = 1024
"""64 ms are four frames, which go in one run: the quickest way through a day."""
WARM_UP_SHARE = 0.1
WAVE_S = 3.0
_WAVES = (("socketio", 20), ("raw", 60), ("socketio", 60), ("raw", 20))
"""The transport and the length of a packet in ms of one wave after the other."""


class _Ear:
    """Compares what comes back with what was said, delay apart: a stream with no suppression is a delay line."""

    def __init__(self, said: bytes) -> None:
        self.said = said
        self.delay_bytes = 0
        self.heard_bytes = 0
        self.wrong = 0

    def answer(self, packet: AudioPacket) -> None:
        """Compare a packet."""
        start = self.heard_bytes - self.delay_bytes
        self.heard_bytes += len(packet.payload)
        if start >= 0:
            at = start % len(self.said)
            wanted = (self.said + self.said)[at : at + len(packet.payload)]
            self.wrong += packet.payload != wanted

    def overloaded(self, error: object) -> None:
        """Nothing is ever late here."""

    def engine_failed(self, error: EngineFailedError) -> None:
        """Pass it on."""
        raise error


def run_stream_soak(model_path: Path, hours: float) -> dict[str, Any]:
    """Feed one stream so many simulated hours, as fast as the machine goes, beside one that hears its own input back.

    Gives `{"simulated_hours", "times_real_time", "rss_growth_percent", "drift_samples", "wrong_packets"}`.
    """
    model = load_model(model_path)
    engine = Engine(model, EngineConfig(max_streams=2), lambda: None)
    pump = Pump(engine)
    context = VoiceContext(pump, StreamLimits(50, 1.0), math.inf, time.monotonic)
    clip = speech(model_path, 10.0).clips[0]
    clip = clip[: len(clip) // (2 * PACKET) * 2 * PACKET]
    ear, other = _Ear(clip), _Ear(clip)
    dry = LiveVoice(context, VoiceRequest(model.facts.geometry(RATE_HZ), PACKET, 0.0), ear)
    wet = LiveVoice(context, VoiceRequest(model.facts.geometry(RATE_HZ), PACKET, None), other)
    ear.delay_bytes = 2 * dry.stream.delay_samples
    packets, began_s, warm_bytes = round(hours * 3600 * RATE_HZ / PACKET), time.perf_counter(), 0
    chunks = [clip[at : at + 2 * PACKET] for at in range(0, len(clip), 2 * PACKET)]
    for number in tqdm(range(packets), desc="one stream", unit=" packets", disable=None):
        for voice in (dry, wet):
            voice.accept(AudioPacket(KIND_AUDIO, 0, number, 0, chunks[number % len(chunks)]))
        engine.run_inline()
        pump.drain()
        if number == int(packets * WARM_UP_SHARE):
            gc.collect()
            warm_bytes = psutil.Process().memory_info().rss
    gc.collect()
    grown_bytes = psutil.Process().memory_info().rss - warm_bytes
    return {
        "simulated_hours": hours,
        "times_real_time": round(hours * 3600 / (time.perf_counter() - began_s), 1),
        "rss_growth_percent": round(100 * grown_bytes / warm_bytes, 2),
        "drift_samples": packets * PACKET - other.heard_bytes // 2,
        "wrong_packets": ear.wrong,
    }


def run_crowd_soak(model_path: Path, sessions: int, minutes: float) -> dict[str, Any]:
    """Let waves of sessions come to a real box, speak and vanish, over both transports and with short and long packets.

    Gives `{"sessions", "minutes", "waves", "rss_growth_percent", "threads", "descriptors", "streams_left",
    "sessions_left"}`, where threads and descriptors are pairs: after the first waves, and at the end.
    """
    said = speech(model_path, WAVE_S + 1.0)
    with running_box(model_path, sessions, "socketio", tls=False) as server:
        process = psutil.Process(server.pid)
        began_s, waves = time.monotonic(), 0
        first: dict[str, float] = {}
        bar = tqdm(desc="a crowd", unit=" waves", disable=None)
        while time.monotonic() < began_s + 60 * minutes or waves < 2 * len(_WAVES):
            server.dialect, packet_ms = _WAVES[waves % len(_WAVES)]
            spoken_load(server, said, sessions, packet_ms, WAVE_S)
            waves += 1
            bar.update()
            if not first and waves >= len(_WAVES) and time.monotonic() - began_s >= 60 * minutes * WARM_UP_SHARE:
                first = _footprint(process, server.port)
        bar.close()
        last = _footprint(process, server.port)
    return {
        "sessions": sessions,
        "minutes": minutes,
        "waves": waves,
        "rss_growth_percent": round(100 * (last["rss"] / first["rss"] - 1), 2),
        "threads": [first["threads"], last["threads"]],
        "descriptors": [first["descriptors"], last["descriptors"]],
        "streams_left": last["hushbox_streams"],
        "sessions_left": last["hushbox_sessions"],
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
