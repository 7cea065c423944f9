"""Heat, and what it takes from the box, as the owner hears of it."""

from __future__ import annotations

from collections.abc import Callable

from gevent.threadpool import ThreadPool

from edge_server.box.event_feed import EventFeed
from edge_server.box.thermals import Thermometer
from edge_server.jobs.off_loop import run_off_loop
from edge_server.sessions.admission import Admission

CALM_S = 30.0
"""So long nothing may be taken before the owner hears that the box has recovered: a sensor that flutters is one event."""


class HeatWatch:
    """Reads the sensors for everyone, lets admission follow them, and publishes what that changes.

    `clock` never goes back. Thread: the network loop's.
    """

    def __init__(
        self, thermometer: Thermometer, admission: Admission, feed: EventFeed, clock: Callable[[], float]
    ) -> None:
        self._thermometer = thermometer
        self._admission = admission
        self._feed = feed
        self._clock = clock
        # One thread that stays: the loop's own pool would end and start threads all day for a task a second.
        self._pool = ThreadPool(1)
        # What was told last, and when something was last taken; None while all is well.
        self._told_voices: int | None = None
        self._taken_at_s = clock()

    def look(self) -> None:
        """Read the sensors and act on them; waits for the sensors, not for the loop."""
        run_off_loop(self._pool, self._thermometer.read)
        self._admission.watch_heat()
        if self._admission.hot:
            self._taken_at_s = self._clock()
        if self._admission.limited_by == "heat":
            if self._told_voices is None or self._admission.voices < self._told_voices:
                self._tell_lowered()
        elif self._told_voices is not None and self._clock() - self._taken_at_s >= CALM_S:
            self._tell_restored()

    def _tell_lowered(self) -> None:
        thermometer, admission = self._thermometer, self._admission
        self._told_voices = admission.voices
        if thermometer.throttled:
            reason = "The processor of this box is slowed down, by heat or by a weak power supply"
        else:
            reason = f"This box is hot ({thermometer.temperature_c} °C)"
        self._feed.publish(
            "capacity.lowered",
            f"{reason}: it admits {admission.voices} of {admission.voices_when_cool} live voices.",
            voices=admission.voices,
            voices_when_cool=admission.voices_when_cool,
            temperature_c=thermometer.temperature_c,
            throttled=thermometer.throttled,
        )

    def _tell_restored(self) -> None:
        self._told_voices = None
        voices = self._admission.voices
        self._feed.publish(
            "capacity.restored", f"This box has recovered: it admits {voices} live voices.", voices=voices
        )
