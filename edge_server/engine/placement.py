"""Which lane a new stream lives in. Pure."""

from collections.abc import Mapping, Sequence

from edge_server.engine.pacing import RunCost
from edge_server.engine.stream_handle import Priority

FILLED_SHARE = 0.6
"""So much of a lane's time its live streams may take before the next lane gets any.

Less than admission lets voices take of a core (`sessions/capacity.py`): a lane that is slower than it was measured has to do with
what it got. Together, streams share a run's fixed cost, and the cores of the lanes that have none are free for the network loop.
"""


def filled_at(cost: RunCost, max_batch: int, frames_per_s: float) -> int:
    """How many live streams of so many frames each fill a lane, in full batches; 0 where nothing was measured yet."""
    busy_s = frames_per_s * cost.run_s(max_batch) / max_batch
    return int(FILLED_SHARE / busy_s) if busy_s else 0


def choose_lane(lanes: Sequence[Mapping[Priority, int]], priority: Priority, filled: int) -> int:
    """Give the index of the lane for a stream of this priority, by how many of each every lane has.

    Live streams fill one lane after the other, and go where fewest are once all are `filled`. Files go where most live
    streams are: those are served before files, and the cores of the other lanes stay theirs.
    """
    indices = range(len(lanes))
    if priority is Priority.FILE:
        return max(indices, key=lambda index: lanes[index][Priority.LIVE])
    with_room = (index for index in indices if lanes[index][Priority.LIVE] < filled)
    return next(with_room, min(indices, key=lambda index: lanes[index][Priority.LIVE]))
