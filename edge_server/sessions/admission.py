"""How many voices are admitted: what was measured, less what heat takes, within what the owner allows. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_server.engine.worker import Engine
from edge_server.sessions.capacity import Capacity

WARM_C, HOT_C = 80.0, 85.0
_WARM_SHARE, _HOT_SHARE = 0.75, 0.5


class Admission:
    """Sets the engine's limit on live voices, if it `limits`. `temperature_c` and `throttled` give None where nobody tells.

    Voices that run are never ended by it. Thread: the network loop's.
    """

    def __init__(
        self,
        engine: Engine,
        limits: bool,
        temperature_c: Callable[[], float | None],
        throttled: Callable[[], bool | None],
    ) -> None:
        self._engine = engine
        self._limits = limits
        self._temperature_c = temperature_c
        self._throttled = throttled
        self.measured: Capacity | None = None
        self._share = 1.0

    def use(self, capacity: Capacity) -> None:
        """Admit as many as were measured, and pace the batches by what they cost."""
        self.measured = capacity
        self._engine.set_cost(capacity.run_cost)
        self._apply()

    def watch_heat(self) -> None:
        """Admit fewer while the processor is hot or slowed down, before audio breaks."""
        temperature_c = self._temperature_c() or 0.0
        if temperature_c >= HOT_C or self._throttled():
            self._share = _HOT_SHARE
        else:
            self._share = _WARM_SHARE if temperature_c >= WARM_C else 1.0
        self._apply()

    @property
    def voices(self) -> int:
        """How many voices are admitted now."""
        return self._engine.admitted_live_streams

    @property
    def hot(self) -> bool:
        """Whether heat takes a share of what was measured."""
        return self._share < 1.0

    @property
    def voices_when_cool(self) -> int:
        """How many voices would be admitted if heat took none."""
        if self.measured is None or not self._limits:
            return self.voices
        return min(self._engine.max_live_streams, self.measured.voices)

    @property
    def limited_by(self) -> str:
        """What a further voice would need more of: a `setting`, `cores`, or less `heat`."""
        if self.measured is None or not self._limits or self._engine.max_live_streams <= self._carried(self.measured):
            return "setting"
        return "heat" if self.hot else "cores"

    def to_dict(self) -> dict[str, Any]:
        """What `/api/v1/info` tells about it."""
        text = f"about {self.voices} live voices on this box"
        return {"live_voices": self.voices, "limited_by": self.limited_by, "text": text}

    def standing(self) -> dict[str, Any]:
        """The same as the owner's statistics have it, with the sensors' last words."""
        return {
            "max_streams": self.voices,
            "max_streams_when_cool": self.voices_when_cool,
            "limited_by": self.limited_by,
            "temperature_c": self._temperature_c(),
            "throttled": self._throttled(),
        }

    def _apply(self) -> None:
        if self.measured is not None and self._limits:
            self._engine.carried_live_streams = self._carried(self.measured)

    def _carried(self, measured: Capacity) -> int:
        return max(1, int(measured.voices * self._share))
