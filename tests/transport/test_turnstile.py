"""Those who connect too often wait, and nobody else does."""

import pytest

from edge_server.transport.turnstile import Turnstile


def test_a_burst_goes_through_and_what_follows_is_spaced() -> None:
    turnstile = Turnstile(per_s=10, burst=3, longest_wait_s=1.0)
    waits = [turnstile.wait_s("a", 5.0) for _ in range(6)]
    assert waits == pytest.approx([0.0, 0.0, 0.0, 0.1, 0.2, 0.3])


def test_a_rest_gives_the_burst_back() -> None:
    turnstile = Turnstile(per_s=10, burst=3, longest_wait_s=1.0)
    for _ in range(5):
        turnstile.wait_s("a", 0.0)
    assert [turnstile.wait_s("a", 10.0) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_who_would_wait_too_long_is_refused_and_takes_no_turn() -> None:
    turnstile = Turnstile(per_s=10, burst=1, longest_wait_s=0.25)
    assert [turnstile.wait_s("a", 0.0) for _ in range(3)] == pytest.approx([0.0, 0.1, 0.2])
    for _ in range(50):
        assert turnstile.wait_s("a", 0.0) is None
    assert turnstile.wait_s("a", 0.1) == pytest.approx(0.2)


def test_others_do_not_wait() -> None:
    turnstile = Turnstile(per_s=1, burst=1, longest_wait_s=10.0)
    turnstile.wait_s("a", 0.0)
    assert turnstile.wait_s("a", 0.0) == 1.0
    assert turnstile.wait_s("b", 0.0) == 0.0


def test_those_who_have_rested_are_forgotten() -> None:
    turnstile = Turnstile(per_s=1, burst=1, longest_wait_s=10.0)
    for number in range(3000):
        assert turnstile.wait_s(f"{number}", 2.0 * number) == 0.0
    assert len(turnstile) < 1100
