"""So many times in so many seconds. Pure."""

from __future__ import annotations

from collections import deque

from edge_server.errors import TooFastError


class RateLimit:
    """Lets something be done `times` times within any `per_s` seconds. Times are of one clock that never goes back."""

    def __init__(self, times: int, per_s: float) -> None:
        self._times = times
        self._per_s = per_s
        self._done_s: deque[float] = deque(maxlen=times)

    def take(self, now_s: float) -> None:
        """Do it once more. Raises `TooFastError`."""
        if not self.allows(now_s):
            raise TooFastError(f"This can be done {self._times} times in {self._per_s:g} s.")

    def allows(self, now_s: float) -> bool:
        """Whether it may be done once more; if so, it counts as done."""
        if len(self._done_s) == self._times and now_s - self._done_s[0] < self._per_s:
            return False
        self._done_s.append(now_s)
        return True
