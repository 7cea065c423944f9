"""The self-test: how many live voices this box can carry. Pure: no sockets; the cores are an argument."""

from __future__ import annotations

import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np

from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import RunCost
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError, OverloadedError
from edge_server.sessions.live_voice import USUAL_PACKET_MS, LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import KIND_AUDIO, AudioPacket

SHARE_USED = 0.7
"""So much of a core may be busy with voices that are admitted; the rest is for bursts, files and the system."""
_RATE_HZ = 48000
_PACKETS_PER_S = 1000 / USUAL_PACKET_MS
_ROUNDS = 12
_BATCH = 32
_SOCKET_FACTOR = 5.0
"""The CPU that the loop's thread spent on a packet of one of 60 sessions, against what a voice took here: 113 and 22 us."""
_ENGINE_SHARE_WITH_LOCK = 0.35
"""The part of the engine's time in which it holds Python's lock and the network loop cannot run."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one voice costs on this box, in seconds: a run of the model, and one packet in and out.

    A run takes `run_cost` while all `engine_threads` run theirs.
    """

    run_cost: RunCost
    packet_s: float
    cores: int
    engine_threads: int = 1

    @property
    def voices(self) -> int:
        """How many live voices with packets of 20 ms at 48 kHz this box carries, at least 1."""
        frames_per_s = 1000 / 16
        engine_share = frames_per_s * self.run_cost.run_s(_BATCH) / _BATCH
        network_share = _PACKETS_PER_S * self.packet_s
        share = max(
            engine_share / self.engine_threads,
            network_share + _ENGINE_SHARE_WITH_LOCK * engine_share,
            (network_share + engine_share) / self.cores,
        )
        return max(1, math.floor(SHARE_USED / share))


def available_cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def measure_capacity(model: ModelFile, cores: int, engine_threads: int) -> Capacity:
    """Measure this box; takes a fraction of a second of its cores. Raises EngineFailedError."""
    with ThreadPoolExecutor(engine_threads) as pool:
        alone_s, _ = _measure(model, pool, engine_threads, 1)
        batch_s, network_s = _measure(model, pool, engine_threads, _BATCH)
    frame_s = max(0.0, (batch_s - alone_s) / (_BATCH - 1))
    packet_s = _SOCKET_FACTOR * network_s / _BATCH / engine_threads
    return Capacity(RunCost(max(0.0, alone_s - frame_s), frame_s), packet_s, cores, engine_threads)


def _measure(model: ModelFile, pool: ThreadPoolExecutor, threads: int, batch: int) -> tuple[float, float]:
    """The usual seconds that the engine, and the voices around it, take for a batch in each thread at the same time.

    Neither a lucky moment nor a hiccup counts: a processor that is fast at times has to carry its voices at all times.
    """
    voices = batch * threads
    config = EngineConfig(max_streams=voices, max_file_streams=0, max_batch=batch, threads=threads)
    engine = Engine(model, config, lambda: None)
    pump = Pump(engine)
    context = VoiceContext(pump, StreamLimits(_ROUNDS, 1.0), math.inf, time.monotonic)
    geometry = model.facts.geometry(_RATE_HZ)
    # Packets of one hop, so that every packet is one frame.
    request = VoiceRequest(geometry, geometry.hop_samples, None)
    everyone = [LiveVoice(context, request, _Listener()) for _ in range(voices)]
    noise = np.random.default_rng(0).integers(-3000, 3000, geometry.hop_samples).astype("<i2").tobytes()
    packets = [AudioPacket(KIND_AUDIO, 0, number, 0, noise) for number in range(_ROUNDS)]
    rounds = [_round(everyone, engine, pool, pump, packet) for packet in packets]
    return median(engine_s for engine_s, _ in rounds), median(network_s for _, network_s in rounds)


def _round(
    everyone: list[LiveVoice], engine: Engine, pool: ThreadPoolExecutor, pump: Pump, packet: AudioPacket
) -> tuple[float, float]:
    began_s = time.perf_counter()
    for voice in everyone:
        voice.accept(packet)
    accepted_s = time.perf_counter()
    engine.run_inline(pool.map)
    ran_s = time.perf_counter()
    pump.drain()
    return ran_s - accepted_s, accepted_s - began_s + time.perf_counter() - ran_s


class _Listener:
    """Takes the answers of the self-test."""

    def answer(self, packet: AudioPacket) -> None:
        pass

    def overloaded(self, error: OverloadedError) -> None:
        pass

    def engine_failed(self, error: EngineFailedError) -> None:
        raise error
