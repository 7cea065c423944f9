"""How long a client rests after what it made the loop do. Pure."""

from __future__ import annotations


class LoopShare:
    """Gives a client `share` of the loop's time in the long run, and `burst_s` of it at once after a rest.

    `longest_s` is the longest rest that is asked for; what is owed beyond is forgotten. Times are seconds of one clock that
    never goes back.
    Source: the leaky bucket as a meter, ITU-T I.371 (2004), section A.2.
    """

    __slots__ = ("_ahead_s", "_longest_s", "_paid_until_s", "_share")

    def __init__(self, share: float, burst_s: float, longest_s: float) -> None:
        self._share = share
        self._ahead_s = burst_s / share
        self._longest_s = longest_s
        self._paid_until_s = float("-inf")

    def rest_s(self, used_s: float, now_s: float) -> float:
        """Count what the client used, and give how long it is to rest."""
        paid_until_s = max(self._paid_until_s, now_s - self._ahead_s) + used_s / self._share
        self._paid_until_s = min(paid_until_s, now_s + self._longest_s)
        return max(0.0, self._paid_until_s - now_s)
