"""One recording through the engine of the live voices, a block at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from gevent.event import Event
from gevent.threadpool import ThreadPool
from numpy.typing import NDArray

from edge_server.audio.files import FileLimits, blocks
from edge_server.audio.pcm import to_s16
from edge_server.engine.stream_handle import Result
from edge_server.errors import EngineFailedError, FileEmptyError
from edge_server.jobs.off_loop import run_off_loop
from edge_server.offline.clip_stream import ClipStream
from edge_server.sessions.pump import Pump


class FileRun:
    """Cleans recordings, with libsndfile on the threads of `pool`: it would hold the network loop up."""

    def __init__(self, pump: Pump, pool: ThreadPool, limits: FileLimits) -> None:
        self.pool = pool
        self.limits = limits
        self._pump = pump

    def clean(
        self,
        sound: Any,
        suppression_limit_db: float | None,
        write: Callable[[NDArray[np.int16]], object],
        checkpoint: Callable[[int], None],
    ) -> int:
        """Clean an open file, and give the samples that were written.

        `write` is called on the pool. `checkpoint` hears how many samples are clean so far, several times a second, and may
        raise to end the work. Raises `TooManyStreamsError`, `FileEmptyError`, `FileUnreadableError`, `FileTooLongError`
        and `EngineFailedError`.
        """
        if suppression_limit_db == 0:
            return self._copy(sound, write, checkpoint)
        stream = ClipStream(self._pump.engine, sound.samplerate, suppression_limit_db, self._decoded(sound))
        arrivals = _Arrivals(stream)
        self._pump.attach(stream.handle, arrivals)
        samples = 0
        try:
            while not stream.done:
                stream.feed()
                if stream.handle.outstanding_frames:
                    arrivals.wait()
                checkpoint(samples)
                clean = stream.take()
                samples += len(clean)
                if len(clean):
                    run_off_loop(self.pool, write, to_s16(clean))
        finally:
            self._pump.detach(stream.handle)
            stream.close()
        if not samples:
            raise FileEmptyError("The file holds no audio.")
        return samples

    def _copy(self, sound: Any, write: Callable[[NDArray[np.int16]], object], checkpoint: Callable[[int], None]) -> int:
        """A limit of 0 dB is the recording itself: exactly, at every rate, and without the engine."""
        samples = 0
        for block in self._decoded(sound):
            checkpoint(samples)
            samples += len(block)
            run_off_loop(self.pool, write, to_s16(block))
        if not samples:
            raise FileEmptyError("The file holds no audio.")
        return samples

    def _decoded(self, sound: Any) -> Iterator[NDArray[np.float32]]:
        decoder = blocks(sound, self.limits)
        while (block := run_off_loop(self.pool, next, decoder, None)) is not None:
            yield block


class _Arrivals:
    """Hands a recording's results over from the loop's wake-up to the greenlet that waits for them."""

    def __init__(self, stream: ClipStream) -> None:
        self._stream = stream
        self._came = Event()
        self._failure: EngineFailedError | None = None

    def wait(self) -> None:
        """Wait for results. Raises `EngineFailedError`."""
        self._came.wait()
        self._came.clear()
        if self._failure is not None:
            raise self._failure

    def deliver(self, result: Result) -> None:
        try:
            self._stream.deliver(result)
        except EngineFailedError as error:
            self.failed(error)

    def delivered(self) -> None:
        self._came.set()

    def failed(self, error: EngineFailedError) -> None:
        self._failure = error
        self._came.set()
