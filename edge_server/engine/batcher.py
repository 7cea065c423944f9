"""Which frames run next. Pure: the clock is an argument."""

import heapq
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from edge_server.engine.stream_handle import Priority

FrameT = TypeVar("FrameT")


class Ready(NamedTuple, Generic[FrameT]):
    """A frame whose turn it is; `late` when its deadline has passed, so that it must not wait for the model."""

    stream_id: int
    frame: FrameT
    late: bool


@dataclass(slots=True)
class _Queue(Generic[FrameT]):
    priority: Priority
    frames: deque[tuple[float, FrameT]] = field(default_factory=deque)


class Batcher(Generic[FrameT]):
    """Queues of frames by stream; the next batch takes at most the first frame of each.

    LIVE before FILE, then the earliest deadline, then who became ready first.
    """

    def __init__(self) -> None:
        self._queues: dict[int, _Queue[FrameT]] = {}
        # One entry for each stream with a frame: (priority, deadline_s, order, stream_id, queue). The queue tells an
        # entry of a stream that is still open from a left-over of a closed one.
        self._heads: list[tuple[Priority, float, int, int, _Queue[FrameT]]] = []
        self._order = 0
        self._frames = 0

    def __len__(self) -> int:
        """Give the number of frames that wait."""
        return self._frames

    @property
    def first_live(self) -> FrameT | None:
        """The live frame that is due first, or None."""
        while self._heads:
            priority, _, _, stream_id, queue = self._heads[0]
            if self._queues.get(stream_id) is queue:
                return queue.frames[0][1] if priority is Priority.LIVE else None
            heapq.heappop(self._heads)
        return None

    @property
    def ready(self) -> int:
        """How many frames could be in the next batch: one for each stream that has any."""
        return len(self._heads)

    def open(self, stream_id: int, priority: Priority) -> None:
        """Start an empty queue for a stream."""
        self._queues[stream_id] = _Queue(priority)

    def close(self, stream_id: int) -> int:
        """Discard a stream's queue, and give how many frames were in it."""
        discarded = len(self._queues.pop(stream_id).frames)
        self._frames -= discarded
        return discarded

    def push(self, stream_id: int, frame: FrameT, deadline_s: float) -> None:
        """Append a frame to its stream's queue; `deadline_s` is on the clock that `next_batch` is given."""
        queue = self._queues[stream_id]
        queue.frames.append((deadline_s, frame))
        self._frames += 1
        if len(queue.frames) == 1:
            self._announce(stream_id, queue)

    def next_batch(self, now_s: float, max_batch: int) -> list[Ready[FrameT]]:
        """Take up to `max_batch` frames of as many streams, in the order of their turn."""
        batch: list[Ready[FrameT]] = []
        served: list[tuple[int, _Queue[FrameT]]] = []
        while self._heads and len(batch) < max_batch:
            _, _, _, stream_id, queue = heapq.heappop(self._heads)
            if self._queues.get(stream_id) is not queue:
                continue
            deadline_s, frame = queue.frames.popleft()
            batch.append(Ready(stream_id, frame, late=deadline_s < now_s))
            served.append((stream_id, queue))
        self._frames -= len(batch)
        # A stream's next frame needs the state of this one, so it can only be in the next batch.
        for stream_id, queue in served:
            if queue.frames:
                self._announce(stream_id, queue)
        return batch

    def _announce(self, stream_id: int, queue: _Queue[FrameT]) -> None:
        self._order += 1
        heapq.heappush(self._heads, (queue.priority, queue.frames[0][0], self._order, stream_id, queue))
