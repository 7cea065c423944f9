"""A client's work is spread over time, and what it did not use for long does not pile up."""

import pytest

from edge_server.transport.loop_share import LoopShare


def test_who_uses_little_never_rests() -> None:
    share = LoopShare(0.05, burst_s=0.005, longest_s=0.05)
    assert [share.rest_s(0.001, 0.02 * number) for number in range(100)] == [0.0] * 100


def test_a_burst_goes_through_and_what_follows_is_spread() -> None:
    share = LoopShare(0.05, burst_s=0.005, longest_s=1.0)
    rests_s = [share.rest_s(0.001, 3.0) for _ in range(8)]
    assert rests_s == pytest.approx([0.0] * 5 + [0.02, 0.04, 0.06])


def test_in_the_long_run_nobody_takes_more_than_the_share() -> None:
    share, now_s, used_s = LoopShare(0.05, burst_s=0.005, longest_s=1.0), 0.0, 0.0
    while used_s < 1.0:
        used_s += 0.003
        now_s += 0.003 + share.rest_s(0.003, now_s + 0.003)
    assert used_s / now_s == pytest.approx(0.05, rel=0.02)


def test_no_rest_is_longer_than_the_longest_and_the_next_one_owes_nothing_for_it() -> None:
    share = LoopShare(0.05, burst_s=0.005, longest_s=0.05)
    assert share.rest_s(10.0, 1.0) == pytest.approx(0.05)
    assert share.rest_s(0.0, 1.05) == pytest.approx(0.0)


def test_a_long_rest_gives_one_burst_back() -> None:
    share = LoopShare(0.05, burst_s=0.005, longest_s=1.0)
    share.rest_s(0.01, 0.0)
    assert share.rest_s(0.005, 1000.0) == pytest.approx(0.0)
    assert share.rest_s(0.001, 1000.0) == pytest.approx(0.02)
