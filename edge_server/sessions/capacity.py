"""The self-test: how many live voices this box can carry. Pure: no sockets; the cores are an argument."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass

import numpy as np

from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import RunCost
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError, OverloadedError
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import KIND_AUDIO, AudioPacket

SHARE_USED = 0.7
"""So much of a core may be busy with voices that are admitted; the rest is for bursts, files and the system."""
_RATE_HZ = 48000
_PACKETS_PER_S = 50
_ROUNDS = 12
_BATCH = 32
_SOCKET_FACTOR = 2.5
"""Measured by `scripts/bench stages`: sockets, frames and msgpack cost one and a half times what the voice itself does."""
_ENGINE_SHARE_WITH_LOCK = 0.35
"""The part of the engine's time in which it holds Python's lock and the network loop cannot run."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one voice costs on this box, in seconds: a run of the model, and one packet in and out."""

    run_cost: RunCost
    packet_s: float
    cores: int

    @property
    def voices(self) -> int:
        """How many live voices with packets of 20 ms at 48 kHz this box carries, at least 1."""
        frames_per_s = 1000 / 16
        engine_share = frames_per_s * self.run_cost.run_s(_BATCH) / _BATCH
        network_share = _PACKETS_PER_S * self.packet_s
        if self.cores > 1:
            share = max(engine_share, network_share + _ENGINE_SHARE_WITH_LOCK * engine_share)
        else:
            share = engine_share + network_share
        return max(1, math.floor(SHARE_USED / share))


def available_cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def measure_capacity(model: ModelFile, cores: int) -> Capacity:
    """Measure this box; takes a fraction of a second of one core. Raises EngineFailedError."""
    alone_s, _ = _measure(model, 1)
    batch_s, network_s = _measure(model, _BATCH)
    frame_s = max(0.0, (batch_s - alone_s) / (_BATCH - 1))
    return Capacity(RunCost(max(0.0, alone_s - frame_s), frame_s), _SOCKET_FACTOR * network_s / _BATCH, cores)


def _measure(model: ModelFile, voices: int) -> tuple[float, float]:
    """The least seconds that the engine, and the voices around it, take for one packet of each of so many voices."""
    engine = Engine(model, EngineConfig(max_streams=voices, max_file_streams=0, max_batch=voices), lambda: None)
    pump = Pump(engine)
    context = VoiceContext(pump, StreamLimits(_ROUNDS, 1.0), math.inf, time.monotonic)
    geometry = model.facts.geometry(_RATE_HZ)
    # Packets of one hop, so that every packet is one frame.
    request = VoiceRequest(geometry, geometry.hop_samples, None)
    everyone = [LiveVoice(context, request, _Listener()) for _ in range(voices)]
    noise = np.random.default_rng(0).integers(-3000, 3000, geometry.hop_samples).astype("<i2").tobytes()
    rounds = [_round(everyone, engine, pump, AudioPacket(KIND_AUDIO, 0, n, 0, noise)) for n in range(_ROUNDS)]
    return min(engine_s for engine_s, _ in rounds), min(network_s for _, network_s in rounds)


def _round(everyone: list[LiveVoice], engine: Engine, pump: Pump, packet: AudioPacket) -> tuple[float, float]:
    began_s = time.perf_counter()
    for voice in everyone:
        voice.accept(packet)
    accepted_s = time.perf_counter()
    engine.run_inline()
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
