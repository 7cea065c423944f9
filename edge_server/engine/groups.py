"""The rows of a batch: which frame of which stream is where in the model's input. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.pcm_audio import Hop
from edge_server.audio.stft import Slots
from edge_server.engine.batcher import Turn
from edge_server.engine.stream_handle import Result, StreamHandle


class SubmittedFrame(NamedTuple):
    """One hop of a stream on its way in, with the suppression floor that was wanted when it was submitted."""

    handle: StreamHandle
    hop: Hop
    floor: float
    deadline_s: float
    submitted_s: float


@dataclass(frozen=True, slots=True)
class Group:
    """The turns of a batch that share rate and form: those on time, which own `rows` of the model's streams, then late ones.

    `by_time` holds the first frame of every turn, then the second, and so on; turn n has `lengths[n]` of them, and its last
    one again in place of those that it lacks.
    """

    by_time: list[list[SubmittedFrame]]
    slots: Slots
    lengths: NDArray[np.intp]
    rows: slice

    @property
    def handle(self) -> StreamHandle:
        """One of its streams, whose rate and form are those of all."""
        return self.by_time[0][0].handle

    @property
    def frames(self) -> int:
        """How many frames its longest turn has."""
        return len(self.by_time)

    @property
    def on_time(self) -> int:
        """How many of its turns, the first ones, are on time."""
        on_time: int = self.rows.stop - self.rows.start
        return on_time

    def hops(self) -> list[Hop]:
        """Give the hops in the order of `by_time`."""
        return [frame.hop for frames in self.by_time for frame in frames]

    def floors(self) -> NDArray[np.float32]:
        """Give the suppression floors `[frames, on_time]`."""
        on_time = self.on_time
        return np.array([[frame.floor for frame in frames[:on_time]] for frames in self.by_time], np.float32)

    def results(self, finished: list[Hop], ran: bool) -> list[Result]:
        """Give the finished hops, which are in the order of `hops`, to their streams; those of no frame are nobody's."""
        on_time, count = self.on_time if ran else 0, len(self.slots)
        first = [
            Result(frame.handle, hop, number >= on_time)
            for number, (frame, hop) in enumerate(zip(self.by_time[0], finished, strict=False))
        ]
        later = [
            Result(frames[number].handle, finished[at * count + number], number >= on_time)
            for at, frames in enumerate(self.by_time[1:], 1)
            for number, length in enumerate(self.lengths.tolist())
            if length > at
        ]
        return first + later


@dataclass(frozen=True, slots=True)
class Batch:
    """The turns that run together: `streams` of them on time, the longest of `frames` frames."""

    groups: list[Group]
    streams: int
    frames: int

    def slots(self, rows: int) -> Slots:
        """Give the slot of the stream of each row; what fills the rows up is the last stream again."""
        slots = np.concatenate([group.slots[: group.on_time] for group in self.groups])
        return slots if rows == self.streams else np.append(slots, np.repeat(slots[-1:], rows - self.streams))

    def lengths(self, rows: int) -> NDArray[np.intp]:
        """Give how many frames the stream of each row has; 1 where there is none."""
        lengths = [group.lengths[: group.on_time] for group in self.groups]
        return np.concatenate([*lengths, np.ones(rows - self.streams, np.intp)])

    @property
    def frames_on_time(self) -> int:
        """How many frames the model runs on."""
        return sum(sum(group.lengths[: group.on_time].tolist()) for group in self.groups)


def group_turns(turns: list[Turn[SubmittedFrame]], slot_of: Callable[[int], int]) -> Batch:
    """Put the turns of a batch in the order of their rows."""
    by_form: dict[tuple[int, bool], list[Turn[SubmittedFrame]]] = {}
    for turn in [turn for turn in turns if not turn.late] + [turn for turn in turns if turn.late]:
        handle = turn.frames[0].handle
        by_form.setdefault((handle.geometry.engine_rate_hz, handle.pcm), []).append(turn)
    groups: list[Group] = []
    streams = 0
    for same in by_form.values():
        on_time = sum(not turn.late for turn in same)
        slots = np.array([slot_of(turn.stream_id) for turn in same], np.intp)
        lengths = [len(turn.frames) for turn in same]
        by_time = [[turn.frames[min(at, len(turn.frames) - 1)] for turn in same] for at in range(max(lengths))]
        groups.append(Group(by_time, slots, np.array(lengths, np.intp), slice(streams, streams + on_time)))
        streams += on_time
    return Batch(groups, streams, max(group.frames for group in groups))
