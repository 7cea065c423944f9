"""How much audio has just come at once. Pure: the clock is an argument."""

from __future__ import annotations

_FADES = 2.0


class BurstMeter:
    """Counts audio that comes faster than time passes, as after a stall of the network, and forgets it in as much time.

    A burst is not early, but not all of it can be answered at once: due in the order of its audio, it is cleaned whole.
    Times are seconds of one clock that never goes back.
    """

    def __init__(self) -> None:
        self._came_s = 0.0
        self._latest_s: float | None = None

    def count(self, audio_s: float, now_s: float) -> float:
        """Hear that so much audio came, and give how much of the burst came before it."""
        passed_s = 0.0 if self._latest_s is None else now_s - self._latest_s
        self._latest_s = now_s
        before_s = max(0.0, self._came_s - _FADES * passed_s)
        self._came_s = before_s + audio_s
        return before_s
