"""What is done again and again while the box serves."""

from __future__ import annotations

import logging
from collections.abc import Callable

import gevent

logger = logging.getLogger(__name__)


class Housekeeping:
    """Repeats tasks until it is stopped. A task that fails is tried again at its next turn.

    `on_failure` hears every failure; the log only the first of each kind. Thread: the network loop's.
    """

    def __init__(self, on_failure: Callable[[], None]) -> None:
        self._on_failure = on_failure
        self._told: set[tuple[str, type[Exception]]] = set()
        self._tasks: list[gevent.Greenlet] = []

    def repeat(self, interval_s: float, task: Callable[[], None]) -> None:
        """Run `task` every `interval_s` from now on."""
        self._tasks.append(gevent.spawn(self._repeat, interval_s, task))

    def stop(self) -> None:
        """Run no task any more."""
        gevent.killall(self._tasks)

    def _repeat(self, interval_s: float, task: Callable[[], None]) -> None:
        while True:
            gevent.sleep(interval_s)
            try:
                task()
            except Exception as error:
                self._on_failure()
                self._tell_once(task.__qualname__, error)

    def _tell_once(self, name: str, error: Exception) -> None:
        kind = (name, type(error))
        if kind not in self._told:
            self._told.add(kind)
            logger.error("%s failed and will be tried again; more of the same is only counted.", name, exc_info=error)
