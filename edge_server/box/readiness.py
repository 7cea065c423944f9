"""Whether the engine works."""

from __future__ import annotations

from collections.abc import Callable

from gevent.lock import BoundedSemaphore
from gevent.threadpool import ThreadPool

from edge_server.errors import EngineFailedError
from edge_server.jobs.off_loop import run_off_loop

_FRESH_S = 1.0


class Readiness:
    """Lets silence through the engine when it is asked, but once a second at most: who floods it with questions would take
    its time from those who speak.

    `probe` waits and gives the seconds that it took, or raises EngineFailedError. `clock` never goes back. Thread: the
    network loop's.
    """

    def __init__(self, probe: Callable[[], float], clock: Callable[[], float]) -> None:
        self._probe = probe
        self._clock = clock
        self._pool = ThreadPool(1)
        self._door = BoundedSemaphore(1)
        self._latest: float | EngineFailedError | None = None
        self._fresh_until_s = 0.0

    def probe_s(self) -> float:
        """The seconds that the latest probe took; raises EngineFailedError where it failed."""
        with self._door:
            if self._latest is None or self._clock() >= self._fresh_until_s:
                self._latest = self._outcome()
                self._fresh_until_s = self._clock() + _FRESH_S
            latest = self._latest
        if isinstance(latest, EngineFailedError):
            # The same one, again and again: its traceback would grow.
            raise latest.with_traceback(None)
        return latest

    def _outcome(self) -> float | EngineFailedError:
        try:
            return run_off_loop(self._pool, self._probe)
        except EngineFailedError as error:
            return error
