"""How long work will take, judged by how fast it has been."""

from __future__ import annotations

_SURE_AFTER_S = 0.5


class Pace:
    """Estimates the time left from the work done since `started_s`, on a clock that never goes back."""

    def __init__(self, started_s: float, done_before: float = 0.0) -> None:
        self._started_s = started_s
        self._done_before = done_before

    def elapsed_s(self, now_s: float) -> float:
        """The time since the start."""
        return now_s - self._started_s

    def left_s(self, done: float, total: float, now_s: float) -> float | None:
        """The seconds that the rest will take at the pace so far; None while there is too little to judge by."""
        elapsed_s = self.elapsed_s(now_s)
        fresh = done - self._done_before
        if fresh <= 0 or elapsed_s < _SURE_AFTER_S:
            return None
        return round(max(0.0, total - done) * elapsed_s / fresh, 1)
