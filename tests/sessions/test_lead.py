"""Who is ahead of real time is known, and whoever only catches up on a silence or on a loss is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_server.sessions.lead import LeadMeter
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from tests.sessions.test_stream import DEADLINE_S, PACKET_SAMPLES, RATE_HZ, Talk, talk

PACKET_S = PACKET_SAMPLES / RATE_HZ
MOST_BEHIND_S = 2.0


def lateness_s(it: Talk) -> float:
    """Give by how much the latest frame is due later than one of a client in real time."""
    return it.owed[-1].due_s - it.now_s - DEADLINE_S


def speak(it: Talk, count: int, per_packet_s: float = PACKET_S) -> None:
    """Send so many packets, each followed by some time; nothing is answered."""
    for _ in range(count):
        it.send(it.stream.next_sequence)
        it.now_s += per_packet_s


def burst(lead: LeadMeter, count: int, now_s: float) -> float:
    """Give how early the last of so many packets is that come at once."""
    for _ in range(count):
        lead.count(PACKET_S, now_s)
    return lead.lead_s


@pytest.mark.parametrize(("lost", "later_s"), [(1, 0.02), (3, 0.06), (50, 0.1)])
def test_the_silence_of_a_gap_gives_way_for_a_moment_and_leaves_no_later_deadline_behind(
    lost: int, later_s: float
) -> None:
    it = talk(max_backlog_packets=500)
    speak(it, 20)
    # Packets are lost while their time passes: up to a second of work, which must not all go before what others say next.
    it.now_s += lost * PACKET_S
    it.send(20 + lost)
    assert lateness_s(it) == pytest.approx(later_s, abs=0.001)
    for _ in range(5):
        speak(it, 1)
    it.now_s += PACKET_S
    for _ in range(15):
        assert lateness_s(it) <= 0.001
        speak(it, 1)


def test_a_gap_ahead_of_real_time_makes_what_follows_due_later_by_as_much() -> None:
    it = talk(max_backlog_packets=500)
    speak(it, 20)
    it.now_s += 0.2
    it.send(70)
    assert lateness_s(it) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("silence_s", [0.3, 1.0, 2.0])
def test_what_comes_at_once_after_a_silence_is_due_one_after_the_other_and_leaves_nothing_behind(
    silence_s: float,
) -> None:
    it = talk(max_backlog_packets=500)
    speak(it, 20)
    it.now_s += silence_s - PACKET_S
    packets = round(silence_s / PACKET_S)
    for number in range(packets):
        it.send(it.stream.next_sequence)
        assert lateness_s(it) == pytest.approx(number * PACKET_S, abs=0.03)
    it.now_s += PACKET_S
    speak(it, packets + 1)
    # 2 % of the silence may be a difference of clocks.
    assert lateness_s(it) <= 0.021 * silence_s + PACKET_S


@pytest.mark.parametrize("silence_s", [0.3, 1.0, 2.0])
def test_what_comes_beyond_a_silence_is_ahead(silence_s: float) -> None:
    lead = LeadMeter(MOST_BEHIND_S)
    burst(lead, 20, 100.0)
    now_s = 100.0 + 20 * PACKET_S + silence_s
    assert burst(lead, round(silence_s / PACKET_S), now_s) <= 0.021 * (silence_s + 20 * PACKET_S) + PACKET_S
    assert burst(lead, 25, now_s) == pytest.approx(0.5, abs=0.05)


def test_a_stall_with_packets_that_waited_and_a_gap_behind_them_is_made_up_for() -> None:
    # As the page does: it sends 45 packets into a line that stands still, leaves 50 out, and goes on.
    it = talk(max_backlog_packets=50)
    speak(it, 20)
    it.run_engine()
    it.now_s += 1.9
    speak(it, 45, per_packet_s=0.0)
    it.send(it.stream.next_sequence + 50)
    it.run_engine()
    # In the time of what came, and a tenth of a second for the gap.
    it.now_s += PACKET_S
    speak(it, 50)
    assert lateness_s(it) == pytest.approx(0.0, abs=0.05)


def test_a_break_that_is_leapt_over_was_time_that_passed() -> None:
    it = talk(max_backlog_packets=500)
    speak(it, 20)
    it.run_engine()
    it.now_s += 10.0
    it.stream.resume(it.stream.next_sequence)
    leapt = AudioPacket(KIND_AUDIO, 0, 520, 0, bytes(2 * PACKET_SAMPLES))
    assert it.stream.leap(leapt) is not None
    it.owed.clear()
    speak(it, 50, per_packet_s=0.0)
    # The microphone ran on during the break, so nothing is left to catch up on.
    assert lateness_s(it) == pytest.approx(0.98, abs=0.25)


def test_who_was_silent_for_an_hour_catches_up_on_no_more_than_the_line_can_bring_at_once() -> None:
    lead = LeadMeter(MOST_BEHIND_S)
    lead.count(PACKET_S, 100.0)
    assert burst(lead, 100, 3700.0) == pytest.approx(0.0, abs=PACKET_S)
    assert burst(lead, 100, 3700.0) == pytest.approx(2.0, abs=2 * PACKET_S)


@pytest.mark.parametrize("clock", [0.98, 0.9999, 1.0, 1.0001, 1.02])
def test_neither_a_slow_nor_a_fast_nor_an_uneven_microphone_saves_anything_up(clock: float) -> None:
    lead, began_s = LeadMeter(MOST_BEHIND_S), 100.0
    for number in range(20000):
        lead.count(PACKET_S, began_s + (number + 0.4 * (number % 2)) * PACKET_S / clock)
        assert lead.lead_s <= 0.41 * PACKET_S
    assert burst(lead, 50, began_s + 20000 * PACKET_S / clock) == pytest.approx(0.98, abs=2 * PACKET_S)


def test_what_a_client_is_ahead_by_fades() -> None:
    lead, now_s = LeadMeter(MOST_BEHIND_S), 100.0
    assert burst(lead, 50, now_s) == pytest.approx(0.98)
    for _ in range(1000):
        now_s += PACKET_S
        lead.count(PACKET_S, now_s)
    assert lead.lead_s == pytest.approx(0.98 + PACKET_S - 0.4, abs=PACKET_S)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0.0, 1.0)), min_size=1, max_size=60))
def test_nobody_is_ahead_by_more_than_what_was_sent_or_lost_in_less_time(steps: list[tuple[int, float]]) -> None:
    lead, now_s = LeadMeter(MOST_BEHIND_S), 100.0
    lead.count(PACKET_S, now_s)
    audio_s, arrivals = PACKET_S, [(now_s, 0.0)]
    for lost, waited_s in steps:
        now_s += waited_s
        lead.lose(lost * PACKET_S)
        audio_s += lost * PACKET_S
        arrivals.append((now_s, audio_s))
        lead.count(PACKET_S, now_s)
        # Ahead of one of the earlier packets: of the one that came latest, in relation to its number.
        ahead_s = max(audio_s - before_s - (now_s - then_s) for then_s, before_s in arrivals)
        assert 0.0 <= lead.lead_s <= ahead_s + 1e-9
        audio_s += PACKET_S
