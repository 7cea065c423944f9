"""What the owner of a stream holds, submits and gets back."""

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm_audio import Hop


class Priority(enum.IntEnum):
    """Who goes first: every LIVE frame that is ready goes before any FILE frame."""

    LIVE = 0
    FILE = 1


@dataclass(eq=False, slots=True)
class StreamHandle:
    """A stream that is open in an engine; made by `Engine.open_stream`.

    `floor` (0..1) is the share of dry signal that is always kept; `outstanding_frames` were submitted and not yet
    drained; hops of a `pcm` stream are bytes both ways; `lane` is where in the engine it lives.

    Mutates: only the engine's methods change it, on the owner's thread.
    """

    stream_id: int
    geometry: StreamGeometry
    priority: Priority
    floor: float
    pcm: bool = False
    lane: int = 0
    outstanding_frames: int = field(default=0)
    closed: bool = field(default=False)


class Result(NamedTuple):
    """One finished hop, in the form in which the stream submits its own; `late` when it is dry: the model did not run."""

    handle: StreamHandle
    hop: Hop
    late: bool


def floor_from_limit_db(suppression_limit_db: float | None) -> float:
    """Give the share of dry signal that keeps every bin within the suppression limit; None means no limit.

    Source: ARCHITECTURE.md, "Suppression limit": floor = 10 ** (-limit_db / 20).
    """
    return 0.0 if suppression_limit_db is None else float(10.0 ** (-max(suppression_limit_db, 0.0) / 20.0))
