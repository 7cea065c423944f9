"""Gaps are filled no faster than time passes: who loses audio never notices, and nobody has the box work for nothing."""

import contextlib
import dataclasses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_server.errors import OverrunError, SequenceWrongError
from edge_server.sessions.gap_meter import GapMeter
from edge_server.transport.packets import FLAG_GAP, KIND_AUDIO, AudioPacket
from tests.sessions.test_stream import PACKET_SAMPLES, Talk, talk

MAX_GAP_S = 1.0
BACKLOG_PACKETS = 50


def most_at_once_s(packet_s: float) -> float:
    """Give what may be filled without any time: a full backlog and a gap."""
    return BACKLOG_PACKETS * packet_s + MAX_GAP_S


def jump(it: Talk, packets: int) -> bool:
    """Leave so many packets out and send one, and let the engine answer everything; False if it was refused."""
    try:
        it.send(it.stream.next_sequence + packets)
    except SequenceWrongError:
        return False
    it.run_engine()
    return True


@pytest.mark.parametrize("packet_ms", [5, 20, 100])
def test_who_jumps_with_every_packet_has_no_more_filled_than_time_passes(packet_ms: int) -> None:
    it, packet_s = talk(packet_samples=16 * packet_ms, max_backlog_packets=BACKLOG_PACKETS), packet_ms / 1000
    longest = round(MAX_GAP_S / packet_s)
    refused = sum(not jump(it, longest) for _ in range(100))
    filled_s = it.stream.counters.lost_packets * packet_s
    assert refused >= 90
    assert MAX_GAP_S <= filled_s <= most_at_once_s(packet_s) + 1e-9
    for _ in range(1000):
        it.now_s += 0.01
        jump(it, longest)
    filled_s = it.stream.counters.lost_packets * packet_s
    assert 10.0 <= filled_s <= most_at_once_s(packet_s) + 10.0 + 1e-9


def test_small_gaps_add_up() -> None:
    it = talk(max_backlog_packets=BACKLOG_PACKETS)
    taken = sum(jump(it, 1) for _ in range(500))
    assert taken == pytest.approx(most_at_once_s(0.02) / 0.02, abs=1)


def test_a_gap_that_is_refused_changes_nothing_and_is_filled_once_its_time_has_passed() -> None:
    it = talk(max_backlog_packets=BACKLOG_PACKETS)
    while jump(it, 50):
        pass
    before, sequence = dataclasses.replace(it.stream.counters), it.stream.next_sequence
    for _ in range(10):
        assert not jump(it, 50)
    assert (it.stream.counters, it.stream.next_sequence, it.owed) == (before, sequence, [])
    it.send(sequence)
    it.run_engine()
    assert it.answers[-1].sequence == sequence
    it.now_s += 0.99
    assert not jump(it, 50)
    it.now_s += 0.02
    assert jump(it, 50)
    assert it.answers[-1].flags & FLAG_GAP
    assert [packet.sequence for packet in it.answers] == list(range(sequence + 52))


def test_a_gap_that_a_full_backlog_leaves_unfilled_takes_nothing_from_later_ones() -> None:
    it = talk(max_backlog_packets=BACKLOG_PACKETS)
    for sequence in range(BACKLOG_PACKETS):
        it.send(sequence)
    for _ in range(100):
        with pytest.raises(OverrunError):
            it.send(it.stream.next_sequence + 50)
    it.run_engine()
    assert jump(it, 50)
    assert jump(it, 50)


def test_breaks_that_are_leapt_over_take_nothing_from_later_gaps() -> None:
    it = talk(max_backlog_packets=BACKLOG_PACKETS)
    it.send(0)
    it.run_engine()
    for _ in range(5):
        it.now_s += 10.0
        it.stream.resume(it.stream.next_sequence)
        leapt = AudioPacket(KIND_AUDIO, 0, it.stream.next_sequence + 500, 0, bytes(2 * PACKET_SAMPLES))
        assert it.stream.leap(leapt) is not None
        it.send(leapt.sequence)
        it.run_engine()
        assert jump(it, 50)


@settings(max_examples=60, deadline=None)
@given(
    packet_ms=st.sampled_from([5, 20, 100]),
    pattern=st.lists(
        st.tuples(st.integers(1, 60), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=30
    ),
)
@example(packet_ms=20, pattern=[(1, 1.0, 0.0, True)] * 60)
@example(packet_ms=5, pattern=[(1, 1.0, 1.0, True), (1, 1.0, 1.0, True), (1, 1.0, 0.0, True), (1, 1.0, 0.0, True)])
def test_audio_that_is_lost_while_time_passes_is_never_refused(
    packet_ms: int, pattern: list[tuple[int, float, float, bool]]
) -> None:
    """Runs of packets arrive, each after a gap and late by up to a full backlog and a gap; answered at once, or not."""
    it, packet_s = talk(packet_samples=16 * packet_ms, max_backlog_packets=BACKLOG_PACKETS), packet_ms / 1000
    number, sent, began_s = 0, 0, it.now_s
    for run, lost_share, delay_share, answered in pattern:
        for _ in range(run):
            captured_s = began_s + number * packet_s
            it.now_s = max(it.now_s, captured_s + delay_share * most_at_once_s(packet_s))
            with contextlib.suppress(OverrunError):
                it.send(number)
            if answered:
                it.run_engine()
            number, sent = number + 1, sent + 1
        number += int(lost_share * MAX_GAP_S / packet_s)
    it.run_engine()
    counted = it.stream.counters
    assert counted.packets_in + counted.dropped_packets == sent
    assert counted.packets_out == counted.samples_in / it.stream.packet_samples


def test_the_meter_counts_what_it_allowed_and_nothing_else() -> None:
    meter = GapMeter(2.0)
    assert meter.allows(1.5, 0.0, 0.0)
    assert not meter.allows(0.75, 0.0, 0.0)
    assert meter.allows(0.5, 0.0, 0.0)
    assert not meter.allows(0.25, 0.0, 0.125)
    assert meter.allows(0.25, 0.125, 0.25)
    # However long nothing was lost, no more than the same comes together.
    assert not meter.allows(2.25, 1000.0, 1000.0)
    assert meter.allows(2.0, 1000.0, 1000.0)
    assert not meter.allows(0.25, 1000.0, 1000.0)


def test_a_gap_takes_the_time_in_which_nothing_came_first() -> None:
    meter = GapMeter(2.0)
    assert meter.allows(1.0, 99.0, 100.0)
    assert meter.allows(2.0, 100.0, 100.0)
    assert not meter.allows(0.25, 100.0, 100.0)
