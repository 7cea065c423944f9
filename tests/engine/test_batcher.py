import math

from hypothesis import given
from hypothesis import strategies as st

from edge_server.engine.batcher import Batcher
from edge_server.engine.stream_handle import Priority


def batcher(live: int = 0, file: int = 0) -> Batcher[str]:
    """Give a batcher with `live` streams from number 0 on and `file` streams from number 100 on."""
    queues: Batcher[str] = Batcher()
    for stream_id in range(live):
        queues.open(stream_id, Priority.LIVE)
    for stream_id in range(100, 100 + file):
        queues.open(stream_id, Priority.FILE)
    return queues


def taken(queues: Batcher[str], now_s: float = 0.0, max_batch: int = 32) -> list[str]:
    return [ready.frame for ready in queues.next_batch(now_s, max_batch)]


def test_a_batch_has_one_frame_of_a_stream_and_keeps_its_order() -> None:
    queues = batcher(live=2)
    for frame, deadline_s in (("a0", 3.0), ("a1", 1.0), ("a2", 2.0)):
        queues.push(0, frame, deadline_s)
    queues.push(1, "b0", 9.0)
    assert [taken(queues) for _ in range(4)] == [["a0", "b0"], ["a1"], ["a2"], []]


def test_the_earliest_deadline_goes_first() -> None:
    queues = batcher(live=3)
    for stream_id, deadline_s in ((0, 3.0), (1, 1.0), (2, 2.0)):
        queues.push(stream_id, f"{stream_id}", deadline_s)
    assert taken(queues, max_batch=2) == ["1", "2"]
    assert taken(queues) == ["0"]


def test_live_goes_before_file_whatever_the_deadline() -> None:
    queues = batcher(live=1, file=1)
    queues.push(100, "file", -math.inf)
    queues.push(0, "live", math.inf)
    assert taken(queues, max_batch=1) == ["live"]
    assert taken(queues, max_batch=1) == ["file"]


def test_frames_past_their_deadline_are_late_and_the_others_are_not() -> None:
    queues = batcher(live=2, file=1)
    queues.push(0, "late", 1.0)
    queues.push(1, "just in time", 2.0)
    queues.push(100, "patient", math.inf)
    assert {ready.frame: ready.late for ready in queues.next_batch(2.0, 32)} == {
        "late": True,
        "just in time": False,
        "patient": False,
    }


def test_a_closed_streams_frames_are_gone_and_its_number_can_come_back() -> None:
    queues = batcher(live=2)
    queues.push(0, "gone", 0.0)
    queues.push(0, "gone as well", 0.0)
    queues.push(1, "stays", 1.0)
    assert queues.close(0) == 2
    queues.open(0, Priority.LIVE)
    queues.push(0, "new", 2.0)
    assert len(queues) == 2
    assert taken(queues) == ["stays", "new"]


frames = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 10)), max_size=40)


@given(frames=frames, max_batch=st.integers(1, 8))
def test_every_frame_is_taken_once_and_in_its_streams_order(frames: list[tuple[int, float]], max_batch: int) -> None:
    queues: Batcher[int] = Batcher()
    for stream_id in range(6):
        queues.open(stream_id, Priority(stream_id % 2))
    for number, (stream_id, deadline_s) in enumerate(frames):
        queues.push(stream_id, number, deadline_s)
    batches = []
    while batch := queues.next_batch(5.0, max_batch):
        assert len(batch) <= max_batch
        assert len({ready.stream_id for ready in batch}) == len(batch)
        batches.append(batch)
    order = [ready for batch in batches for ready in batch]
    for stream_id in range(6):
        of_stream = [ready.frame for ready in order if ready.stream_id == stream_id]
        assert of_stream == [number for number, (owner, _) in enumerate(frames) if owner == stream_id]
    assert len(order) == len(frames)
    assert len(queues) == 0
