"""Who connects too often waits for a turn. Pure."""

from __future__ import annotations

_REMEMBERED = 1024


class Turnstile:
    """Spaces out those who come more often than `per_s`; after a rest, `burst` of them may come at once.

    Times are seconds of one clock that never goes back.
    Source: the generic cell rate algorithm, ITU-T I.371 (2004), section A.1.
    """

    def __init__(self, per_s: float, burst: int, longest_wait_s: float) -> None:
        self._interval_s = 1 / per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._longest_wait_s = longest_wait_s
        self._next_s: dict[str, float] = {}

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._next_s)

    def wait_s(self, who: str, now_s: float) -> float | None:
        """Take a turn: how long to wait for it. None when that is too long: then no turn was taken."""
        next_s = max(self._next_s.get(who, now_s), now_s)
        wait_s = max(0.0, next_s - self._tolerance_s - now_s)
        if wait_s > self._longest_wait_s:
            return None
        if len(self._next_s) >= _REMEMBERED and who not in self._next_s:
            self._forget(now_s)
        self._next_s[who] = next_s + self._interval_s
        return wait_s

    def _forget(self, now_s: float) -> None:
        self._next_s = {who: next_s for who, next_s in self._next_s.items() if next_s > now_s}
