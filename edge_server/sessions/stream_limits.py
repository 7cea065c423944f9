"""What one stream may use, and what it has used."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one stream may use: unanswered packets, and the longest gap in seconds, in a connection and over a break."""

    max_backlog_packets: int
    max_gap_s: float
    max_resumed_gap_s: float = 16.0


@dataclass(slots=True)
class StreamCounters:
    """What happened to a stream so far.

    `unsent_packets` are answers among `packets_out` that made way for later ones: their client reads too slowly.
    """

    packets_in: int = 0
    packets_out: int = 0
    samples_in: int = 0
    samples_out: int = 0
    lost_packets: int = 0
    late_frames: int = 0
    dropped_packets: int = 0
    unsent_packets: int = 0
