import math

from hypothesis import given
from hypothesis import strategies as st

from edge_server.engine.batcher import Batcher
from edge_server.engine.stream_handle import Priority


def batcher(live: int = 0, file: int = 0, frames_at_once: int = 1) -> Batcher[str]:
    """Give a batcher with `live` streams from number 0 on and `file` streams from number 100 on."""
    queues: Batcher[str] = Batcher(frames_at_once)
    for stream_id in range(live):
        queues.open(stream_id, Priority.LIVE)
    for stream_id in range(100, 100 + file):
        queues.open(stream_id, Priority.FILE)
    return queues


def taken(queues: Batcher[str], now_s: float = 0.0, max_batch: int = 32) -> list[str]:
    return [frame for turn in queues.next_batch(now_s, max_batch) for frame in turn.frames]


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
    assert {turn.frames[0]: turn.late for turn in queues.next_batch(2.0, 32)} == {
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


def push(queues: Batcher[str], stream_id: int, names: str, deadline_s: float = 1.0) -> None:
    for name in names:
        queues.push(stream_id, f"{stream_id}{name}", deadline_s)


def test_three_or_four_waiting_frames_are_one_turn_and_fewer_are_taken_one_by_one() -> None:
    queues = batcher(live=4, frames_at_once=4)
    for stream_id, names in enumerate(("ab", "abcde", "abc", "a")):
        push(queues, stream_id, names)
    assert queues.ready == 2
    assert taken(queues) == ["0a", "3a"]
    assert queues.ready == 8
    assert [turn.frames for turn in queues.next_batch(0.0, 32)] == [["1a", "1b", "1c", "1d"], ["2a", "2b", "2c"]]
    assert taken(queues) == ["0b", "1e"]
    assert len(queues) == 0


def test_who_is_due_first_says_which_kind_of_batch_runs() -> None:
    queues = batcher(live=2, frames_at_once=4)
    push(queues, 0, "a", 2.0)
    push(queues, 1, "abcd", 1.0)
    assert taken(queues) == ["1a", "1b", "1c", "1d"]
    push(queues, 1, "efgh", 3.0)
    assert taken(queues) == ["0a"]
    assert taken(queues) == ["1e", "1f", "1g", "1h"]


def test_files_take_what_live_streams_leave_of_either_kind_of_batch() -> None:
    queues = batcher(live=1, file=2, frames_at_once=4)
    push(queues, 100, "abcdefghi", math.inf)
    push(queues, 101, "abcdefghi", math.inf)
    push(queues, 0, "a")
    # One frame of each: the live stream does not wait until four of theirs are computed.
    assert taken(queues) == ["0a", "100a", "101a"]
    push(queues, 0, "bcde")
    assert taken(queues, max_batch=8) == ["0b", "0c", "0d", "0e", "100b", "100c", "100d", "100e"]
    assert taken(queues, max_batch=8) == ["101b", "101c", "101d", "101e", "100f", "100g", "100h", "100i"]


def test_no_file_frame_goes_while_a_live_one_waits_for_the_other_kind_of_batch() -> None:
    queues = batcher(live=2, file=2, frames_at_once=4)
    push(queues, 100, "abcd", math.inf)
    push(queues, 101, "a", math.inf)
    push(queues, 0, "abcd", 1.0)
    push(queues, 1, "a", 2.0)
    assert taken(queues) == ["0a", "0b", "0c", "0d"]
    push(queues, 0, "efgh", 3.0)
    assert taken(queues) == ["1a"]
    assert taken(queues) == ["0e", "0f", "0g", "0h", "100a", "100b", "100c", "100d"]
    assert taken(queues) == ["101a"]


def test_a_batch_of_turns_of_several_frames_has_no_more_frames_than_any() -> None:
    queues = batcher(live=3, frames_at_once=4)
    for stream_id in range(3):
        push(queues, stream_id, "abcd")
    assert len(taken(queues, max_batch=11)) == 8
    assert len(taken(queues, max_batch=11)) == 4


def test_a_late_frame_is_a_turn_of_its_own() -> None:
    queues = batcher(live=1, frames_at_once=4)
    queues.push(0, "late", 1.0)
    push(queues, 0, "abc", 3.0)
    (first,) = queues.next_batch(2.0, 32)
    assert (first.frames, first.late) == (["late"], True)
    (second,) = queues.next_batch(2.0, 32)
    assert (second.frames, second.late) == (["0a", "0b", "0c"], False)


def test_a_turn_ends_with_its_packet() -> None:
    queues = batcher(live=1, frames_at_once=4)
    push(queues, 0, "abc", 3.0)
    push(queues, 0, "defg", 4.0)
    assert [turn.frames for _ in range(2) for turn in queues.next_batch(2.0, 32)] == [
        ["0a", "0b", "0c"],
        ["0d", "0e", "0f", "0g"],
    ]


def test_packets_ahead_of_time_are_taken_frame_by_frame() -> None:
    queues = batcher(live=1, frames_at_once=4)
    for deadline_s in range(4):
        push(queues, 0, "ab", 3.0 + deadline_s)
    assert [len(queues.next_batch(2.0, 32)[0].frames) for _ in range(8)] == [1] * 8


def test_a_closed_stream_is_gone_from_both_lines() -> None:
    queues = batcher(live=1, frames_at_once=4)
    push(queues, 0, "abcd")
    assert queues.close(0) == 4
    assert queues.first_live is None
    queues.open(0, Priority.LIVE)
    push(queues, 0, "e")
    assert queues.first_live == "0e"
    assert taken(queues) == ["0e"]
    assert taken(queues) == []


frames = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 10)), max_size=40)


@given(frames=frames, max_batch=st.integers(5, 9), frames_at_once=st.integers(1, 5))
def test_every_frame_is_taken_once_and_in_its_streams_order(
    frames: list[tuple[int, float]], max_batch: int, frames_at_once: int
) -> None:
    queues: Batcher[int] = Batcher(frames_at_once)
    for stream_id in range(6):
        queues.open(stream_id, Priority(stream_id % 2))
    for number, (stream_id, deadline_s) in enumerate(frames):
        queues.push(stream_id, number, deadline_s)
    batches = []
    while batch := queues.next_batch(5.0, max_batch):
        assert sum(len(turn.frames) for turn in batch) <= max_batch
        assert len({turn.stream_id for turn in batch}) == len(batch)
        batches.append(batch)
    order = [turn for batch in batches for turn in batch]
    for stream_id in range(6):
        of_stream = [frame for turn in order if turn.stream_id == stream_id for frame in turn.frames]
        assert of_stream == [number for number, (owner, _) in enumerate(frames) if owner == stream_id]
    assert sum(len(turn.frames) for turn in order) == len(frames)
    assert len(queues) == 0
