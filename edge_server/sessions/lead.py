"""How far a client's audio is ahead of real time. Pure: the clock is an argument."""

from __future__ import annotations

_DRIFT = 0.02
"""Clocks may differ by so much: a microphone up to 2 % fast is never ahead, and one up to 2 % slow saves nothing up."""


class LeadMeter:
    """Counts the audio that came, or was lost, against the time that passed.

    After a silence the client may catch up on what it is behind by, `most_behind_s` at most: a line that stood still brings
    everything at once, and nothing of it is ahead. What it is ahead or behind by fades, 20 ms in a second.
    """

    def __init__(self, most_behind_s: float) -> None:
        self.lead_s = 0.0
        self._most_behind_s = most_behind_s
        self._counted_s = 0.0
        self._latest_s: float | None = None

    def lose(self, audio_s: float) -> None:
        """Hear that so much audio, before the next that comes, was lost: it took its time all the same."""
        self._counted_s += audio_s

    def count(self, audio_s: float, now_s: float) -> None:
        """Hear that so much audio came; `lead_s` then is how early it is."""
        ahead_s = self._ahead_s(now_s)
        self._latest_s = now_s
        self.lead_s = max(0.0, ahead_s)
        self._counted_s = max(-self._most_behind_s, ahead_s) + audio_s

    def _ahead_s(self, now_s: float) -> float:
        if self._latest_s is None:
            return 0.0
        passed_s = now_s - self._latest_s
        ahead_s, drift_s = self._counted_s - passed_s, _DRIFT * passed_s
        return ahead_s - max(-drift_s, min(ahead_s, drift_s))
