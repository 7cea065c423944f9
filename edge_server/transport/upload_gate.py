"""How many large messages and files are received at a time: the bound on memory for what is not yet a job."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

import gevent
from gevent.lock import BoundedSemaphore

from edge_server.errors import TooManyStreamsError

LARGE_BYTES = 256 * 1024
"""A message or a posted body beyond this needs a place."""


class UploadGate:
    """Lets `max_uploads` in at a time, each for `upload_timeout_s`; others wait for `wait_s`.

    One address never has all places, if there is more than one: others need not wait until who sends slowly is cut.
    """

    def __init__(self, max_uploads: int, wait_s: float, upload_timeout_s: float) -> None:
        self._places = BoundedSemaphore(max_uploads)
        self._max_uploads = max_uploads
        self._wait_s = wait_s
        self._upload_timeout_s = upload_timeout_s
        self._shares: dict[str, BoundedSemaphore] = {}

    def enter(self, address: str) -> Upload:
        """A place, to be left again. Raises `TooManyStreamsError` when none became free in time."""
        until_s = monotonic() + self._wait_s
        share = self._shares.setdefault(address, BoundedSemaphore(self._most_of_one))
        try:
            self._acquire(share, until_s)
            try:
                self._acquire(self._places, until_s)
            except BaseException:
                # Also when its connection ends while it waits.
                share.release()
                raise
        finally:
            self._forget_if_idle(address, share)
        return Upload(lambda: self._leave(address, share), self._upload_timeout_s)

    @property
    def _most_of_one(self) -> int:
        return max(1, self._max_uploads - 1)

    def _acquire(self, places: BoundedSemaphore, until_s: float) -> None:
        if not places.acquire(timeout=max(0.0, until_s - monotonic())):
            raise TooManyStreamsError(f"This box is busy: {self._max_uploads} files are being received.", self._wait_s)

    def _leave(self, address: str, share: BoundedSemaphore) -> None:
        self._places.release()
        share.release()
        self._forget_if_idle(address, share)

    def _forget_if_idle(self, address: str, share: BoundedSemaphore) -> None:
        if share.counter == self._most_of_one and not share.linkcount():
            self._shares.pop(address, None)


class Upload:
    """A place at the gate. Raises `TimeoutError` in its greenlet when it is held for too long."""

    def __init__(self, leave: Callable[[], None], timeout_s: float) -> None:
        self._leave = leave
        self._deadline = gevent.Timeout.start_new(timeout_s, TimeoutError)

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back."""
        self._deadline.close()
        self._leave()
