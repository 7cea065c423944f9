"""The engine's limits, from the settings and the model's facts."""

from __future__ import annotations

import math

from edge_server.config import Settings
from edge_server.engine.model_file import ModelFacts
from edge_server.engine.stats import EngineConfig
from edge_server.sessions.capacity import available_cores
from edge_server.sessions.live_voice import MAX_PACKET_MS


def engine_threads(settings: Settings) -> int:
    """As many threads as the settings ask for, and no more than leave one of the cores to the network loop; at least one.

    Where two threads and the loop shared two cores, 150 voices heard their slowest answers after 25 ms, and after 16 with one:
    whoever has no core waits for it, and what two run in halves costs more than what one runs as a whole.
    """
    return max(1, min(settings.engine_threads, available_cores() - 1))


def engine_config(settings: Settings, facts: ModelFacts) -> EngineConfig:
    """The engine that the settings ask for, on this machine, with room for the longest backlog in frames of this model."""
    longest_backlog_s = settings.max_backlog_packets * MAX_PACKET_MS / 1000 + settings.max_gap_s
    hops_per_s = facts.sample_rate_hz / facts.hop_samples
    return EngineConfig(
        max_streams=settings.max_streams,
        max_file_streams=settings.max_clips + settings.max_running_jobs,
        max_batch=settings.max_batch,
        max_queued_frames=math.ceil(longest_backlog_s * hops_per_s)
        + math.ceil(facts.window_samples / facts.hop_samples),
        threads=engine_threads(settings),
    )
