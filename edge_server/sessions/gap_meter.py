"""How much silence may stand for packets that were lost. Pure: the clock is an argument."""

from __future__ import annotations


class GapMeter:
    """Lets gaps of `at_once_s` be filled at once, and in the long run a second of gaps in a second.

    Audio whose way to the box takes now longer, now shorter, by up to `at_once_s`, is never refused, whatever of it was lost:
    its time has passed. Times are seconds of one clock that never goes back.
    Source: virtual scheduling, ITU-T I.371 (2004), annex A.
    """

    def __init__(self, at_once_s: float) -> None:
        self._at_once_s = at_once_s
        self._filled_until_s = float("-inf")

    def allows(self, gap_s: float, since_s: float, now_s: float) -> bool:
        """Whether a gap after what came at `since_s` may be filled; if so, it counts as filled."""
        filled_until_s = max(self._filled_until_s, since_s - self._at_once_s) + gap_s
        if filled_until_s > now_s:
            return False
        self._filled_until_s = filled_until_s
        return True
