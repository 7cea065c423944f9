"""How far a client's audio is ahead of real time. Pure: the clock is an argument."""

from __future__ import annotations

_DRIFT = 1.02
"""Real time counts for a little more than it is: a microphone whose clock is up to 2 % fast is never ahead."""


class LeadMeter:
    """Counts the audio that came against the time that passed; a client that is behind starts anew."""

    def __init__(self) -> None:
        self.lead_s = 0.0
        self._counted_s = 0.0
        self._latest_s: float | None = None

    def count(self, audio_s: float, packet_s: float, now_s: float) -> None:
        """Hear that so much audio came; `lead_s` then is how early its last `packet_s` are."""
        passed_s = 0.0 if self._latest_s is None else _DRIFT * (now_s - self._latest_s)
        self._latest_s = now_s
        self._counted_s = max(0.0, self._counted_s - passed_s) + audio_s
        self.lead_s = max(0.0, self._counted_s - packet_s)
