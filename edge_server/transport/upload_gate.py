"""How many large messages and files are received at a time: the bound on memory for what is not yet a job."""

from __future__ import annotations

import gevent
from gevent.lock import BoundedSemaphore

from edge_server.errors import TooManyStreamsError

LARGE_BYTES = 256 * 1024
"""A message or a posted body beyond this needs a place."""


class UploadGate:
    """Lets `max_uploads` in at a time, each for `upload_timeout_s`; others wait for `wait_s`."""

    def __init__(self, max_uploads: int, wait_s: float, upload_timeout_s: float) -> None:
        self._places = BoundedSemaphore(max_uploads)
        self._max_uploads = max_uploads
        self._wait_s = wait_s
        self._upload_timeout_s = upload_timeout_s

    def enter(self) -> Upload:
        """A place, to be left again. Raises `TooManyStreamsError` when none became free in time."""
        if not self._places.acquire(timeout=self._wait_s):
            raise TooManyStreamsError(f"This box is busy: {self._max_uploads} files are being received.", self._wait_s)
        return Upload(self._places, self._upload_timeout_s)


class Upload:
    """A place at the gate. Raises `TimeoutError` in its greenlet when it is held for too long."""

    def __init__(self, places: BoundedSemaphore, timeout_s: float) -> None:
        self._places = places
        self._deadline = gevent.Timeout.start_new(timeout_s, TimeoutError)

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Give the place back."""
        self._deadline.close()
        self._places.release()
