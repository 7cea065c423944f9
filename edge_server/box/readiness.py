"""Whether the engine works."""

from __future__ import annotations

import math
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
        self._latest_s = 0.0
        self._failure: str | None = None
        self._fresh_until_s = -math.inf

    def probe_s(self) -> float:
        """The seconds that the latest probe took; raises EngineFailedError where it failed."""
        with self._door:
            if self._clock() >= self._fresh_until_s:
                self._look()
                self._fresh_until_s = self._clock() + _FRESH_S
            latest_s, failure = self._latest_s, self._failure
        if failure is not None:
            raise EngineFailedError(failure)
        return latest_s

    def _look(self) -> None:
        try:
            self._latest_s, self._failure = run_off_loop(self._pool, self._probe), None
        except EngineFailedError as error:
            # Not the error itself: its traceback would keep the request that met it.
            self._failure = error.message
