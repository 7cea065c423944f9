"""Work that would hold the network loop up, on a native thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gevent.threadpool import ThreadPool

T = TypeVar("T")


def run_off_loop(pool: ThreadPool, function: Callable[..., T], *arguments: Any) -> T:
    """The function's result, or its exception, while the loop goes on. Thread: a greenlet of the loop's."""

    # gevent prints the traceback of whatever a pool's thread raises, so the exception travels as a result.
    def outcome() -> tuple[T | None, Exception | None]:
        try:
            return function(*arguments), None
        except Exception as error:
            return None, error

    result, failure = pool.apply(outcome)
    if failure is not None:
        raise failure
    value: T = result
    return value


class DiskThread:
    """The one native thread that waits for the disk: everything it is given runs in the order in which it came."""

    def __init__(self) -> None:
        self._pool = ThreadPool(1)

    def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """The function's result, or its exception. Thread: a greenlet of the loop's."""
        return run_off_loop(self._pool, function, *arguments)
