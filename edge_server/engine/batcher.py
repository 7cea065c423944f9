"""Which frames run next. Pure: the clock is an argument."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from edge_server.engine.stream_handle import Priority

FrameT = TypeVar("FrameT")


class Turn(NamedTuple, Generic[FrameT]):
    """Frames of a stream whose turn it is, in their order; `late` when the deadline of its one frame has passed.

    A frame that is late must not wait for the model.
    """

    stream_id: int
    frames: list[FrameT]
    late: bool


@dataclass(eq=False, slots=True)
class _Queue(Generic[FrameT]):
    priority: Priority
    frames: deque[tuple[float, FrameT]] = field(default_factory=deque)
    line: _Line[FrameT] | None = None
    place: _Place[FrameT] | None = None
    """Its one place in line that counts; others are left-overs."""

    def leave(self) -> None:
        if self.line is not None:
            self.line.ready -= 1
        self.line = self.place = None


_Place = tuple[Priority, float, int, int, _Queue[FrameT]]
"""Where a stream with a frame stands in line: (priority, deadline_s, order, stream_id, queue)."""


@dataclass(eq=False, slots=True)
class _Line(Generic[FrameT]):
    """Those whose turns have up to so many frames; `ready` of the places count."""

    turn_frames: int
    places: list[_Place[FrameT]] = field(default_factory=list)
    ready: int = 0

    def first(self) -> _Place[FrameT] | None:
        while self.places and self.places[0][-1].place is not self.places[0]:
            heapq.heappop(self.places)
        return self.places[0] if self.places else None

    def enter(self, place: _Place[FrameT]) -> None:
        queue = place[-1]
        queue.leave()
        queue.line, queue.place = self, place
        self.ready += 1
        heapq.heappush(self.places, place)


class Batcher(Generic[FrameT]):
    """Queues of frames by stream; the next batch takes a turn of as many streams as may be in it.

    LIVE before FILE, then the earliest deadline, then who became ready first. A turn is the stream's first frame; or,
    where the model takes `frames_at_once` and (nearly) as many of one deadline wait, those. Who is first in line says
    which, and the batch is filled with others of the kind. Frames of one packet share their deadline; those of whoever
    sends ahead of time do not, and are not sped up. No FILE frame goes while a LIVE one waits for the other kind of batch; a
    batch of single frames that LIVE streams leave room in takes one of every FILE stream.
    """

    def __init__(self, frames_at_once: int = 1) -> None:
        # Of four, three are worth the run that computes a fourth for nothing.
        self._several = frames_at_once - frames_at_once // 4
        self._queues: dict[int, _Queue[FrameT]] = {}
        self._line_of_one: _Line[FrameT] = _Line(1)
        self._line_of_several: _Line[FrameT] = _Line(frames_at_once)
        self._order = 0
        self._frames = 0

    def __len__(self) -> int:
        """Give the number of frames that wait."""
        return self._frames

    @property
    def first_live(self) -> FrameT | None:
        """The live frame that is due first, or None."""
        place = self._next_line().first()
        return place[-1].frames[0][1] if place and place[0] is Priority.LIVE else None

    @property
    def ready(self) -> int:
        """How many frames there are for the next batch, where every turn of several counts as full."""
        line = self._next_line()
        return line.ready * line.turn_frames

    def open(self, stream_id: int, priority: Priority) -> None:
        """Start an empty queue for a stream."""
        self._queues[stream_id] = _Queue(priority)

    def close(self, stream_id: int) -> int:
        """Discard a stream's queue, and give how many frames were in it."""
        queue = self._queues.pop(stream_id)
        queue.leave()
        self._frames -= len(queue.frames)
        return len(queue.frames)

    def push(self, stream_id: int, frame: FrameT, deadline_s: float) -> None:
        """Append a frame to its stream's queue; `deadline_s` is on the clock that `next_batch` is given."""
        queue = self._queues[stream_id]
        queue.frames.append((deadline_s, frame))
        self._frames += 1
        if queue.place is None:
            self._line_up(stream_id, queue)
        elif len(queue.frames) == self._several and self._is_several(queue):
            # It keeps its rank in the other line, with a place of its own.
            self._line_of_several.enter((*queue.place[:4], queue))

    def next_batch(self, now_s: float, max_batch: int) -> list[Turn[FrameT]]:
        """Take up to `max_batch` frames, which is at least a whole turn, in the order of their turn."""
        line = self._next_line()
        other = self._line_of_several if line is self._line_of_one else self._line_of_one
        waiting = other.first()
        live_waits = waiting is not None and waiting[0] is Priority.LIVE
        served: list[_Place[FrameT]] = []
        batch = _take_turns(line, max_batch // line.turn_frames, line.turn_frames, not live_waits, now_s, served)
        if line is self._line_of_one and not live_waits:
            batch += _take_turns(other, max_batch - len(batch), 1, True, now_s, served)
        self._frames -= sum(len(turn.frames) for turn in batch)
        # A stream's next frame needs the state of this one, so it can only be in the next batch.
        for *_, stream_id, queue in served:
            if queue.frames:
                self._line_up(stream_id, queue)
        return batch

    def _next_line(self) -> _Line[FrameT]:
        one, several = self._line_of_one.first(), self._line_of_several.first()
        if several is None or (one is not None and one[:3] < several[:3]):
            return self._line_of_one
        return self._line_of_several

    def _line_up(self, stream_id: int, queue: _Queue[FrameT]) -> None:
        self._order += 1
        line = self._line_of_several if self._is_several(queue) else self._line_of_one
        line.enter((queue.priority, queue.frames[0][0], self._order, stream_id, queue))

    def _is_several(self, queue: _Queue[FrameT]) -> bool:
        waiting = queue.frames
        if self._line_of_several.turn_frames == 1 or len(waiting) < self._several:
            return False
        return waiting[0][0] == waiting[self._several - 1][0]


def _take_turns(
    line: _Line[FrameT], streams: int, frames: int, files: bool, now_s: float, served: list[_Place[FrameT]]
) -> list[Turn[FrameT]]:
    """Take turns of up to so many frames of the first streams in line, FILE ones only where they may go."""
    turns: list[Turn[FrameT]] = []
    while len(turns) < streams and (place := line.first()) and (files or place[0] is Priority.LIVE):
        heapq.heappop(line.places)
        stream_id, queue = place[3:]
        queue.leave()
        turns.append(_take(stream_id, queue.frames, frames, now_s))
        served.append(place)
    return turns


def _take(stream_id: int, waiting: deque[tuple[float, FrameT]], most: int, now_s: float) -> Turn[FrameT]:
    deadline_s, first = waiting.popleft()
    frames, late = [first], deadline_s < now_s
    while waiting and not late and len(frames) < most and waiting[0][0] == deadline_s:
        frames.append(waiting.popleft()[1])
    return Turn(stream_id, frames, late)
