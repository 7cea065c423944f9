"""A thermometer that a test can set, and what a box measures of itself, for tests."""

from dataclasses import dataclass

import pytest

from edge_server.box import thermals
from edge_server.engine.pacing import RunCost
from edge_server.sessions.capacity import Capacity

TWO_VOICES = Capacity(RunCost(0.0, 4.8e-3), 0.0, 1)


@dataclass
class Sensors:
    """What the sensors of the machine say."""

    temperature_c: float | None = None
    throttled: bool | None = None
    readings: int = 0

    def take_the_place_of_the_machines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every box of this test feel these."""
        monkeypatch.setattr(thermals, "temperature_c", self._read_temperature_c)
        monkeypatch.setattr(thermals, "throttled", lambda: self.throttled)

    def _read_temperature_c(self) -> float | None:
        self.readings += 1
        return self.temperature_c
