"""A file in, the clean file out, through the engine of the live voices."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import soundfile
from gevent.event import Event
from gevent.threadpool import ThreadPool
from numpy.typing import NDArray

from edge_server.audio.files import FileLimits, blocks, open_audio
from edge_server.audio.pcm import to_s16
from edge_server.engine.stream_handle import Result
from edge_server.errors import (
    BadRequestError,
    EngineFailedError,
    FileEmptyError,
    ServerStoppingError,
    TooManyStreamsError,
)
from edge_server.jobs.off_loop import run_off_loop
from edge_server.offline.clip_stream import ClipStream
from edge_server.sessions.pump import Pump

ClipFormat = Literal["wav", "flac"]
CLIP_FORMATS: tuple[str, ...] = get_args(ClipFormat)


@dataclass(frozen=True, slots=True)
class CleanClip:
    """A clean file: its bytes, and what is in it."""

    data: bytes
    file_format: str
    sample_rate_hz: int
    samples: int


class ClipDesk:
    """Cleans up to `max_clips` files at a time, a block of each at a time.

    libsndfile would hold the network loop up, so it decodes and encodes on `pool`. `under_way` counts the files in work.
    """

    def __init__(self, pump: Pump, pool: ThreadPool, limits: FileLimits, max_clips: int) -> None:
        self._pump = pump
        self._pool = pool
        self._limits = limits
        self._max_clips = max_clips
        self.under_way = 0
        self.stopping = False

    def clean(
        self, data: bytes, suppression_limit_db: float | None, file_format: str, still_wanted: Callable[[], bool]
    ) -> CleanClip:
        """The clean file; waits, and lets others run meanwhile. The work ends when it is not `still_wanted`.

        Raises `TooManyStreamsError`, `BadRequestError` (not wanted any more), `FileEmptyError`, `FileUnreadableError`,
        `FileTooLargeError`, `FileTooLongError`, `EngineFailedError` and `ServerStoppingError`.
        """
        if self.stopping:
            raise ServerStoppingError("This box is shutting down.")
        if self.under_way >= self._max_clips:
            raise TooManyStreamsError(f"This box is busy: {self.under_way} of {self._max_clips} files at a time.")
        self.under_way += 1
        try:
            return self._clean(data, suppression_limit_db, file_format, still_wanted)
        finally:
            self.under_way -= 1

    def _clean(
        self, data: bytes, suppression_limit_db: float | None, file_format: str, still_wanted: Callable[[], bool]
    ) -> CleanClip:
        with ExitStack() as open_files:
            sound = run_off_loop(self._pool, open_files.enter_context, open_audio(data, self._limits))
            rate_hz = sound.samplerate
            target = io.BytesIO()
            writer = open_files.enter_context(
                soundfile.SoundFile(target, "w", rate_hz, 1, "PCM_16", format=file_format.upper())
            )
            stream = ClipStream(self._pump.engine, rate_hz, suppression_limit_db, self._decoded(sound))
            samples = self._run(stream, writer, still_wanted)
            if not samples:
                raise FileEmptyError("The file holds no audio.")
            run_off_loop(self._pool, writer.close)
        return CleanClip(target.getvalue(), file_format, rate_hz, samples)

    def _run(self, stream: ClipStream, writer: Any, still_wanted: Callable[[], bool]) -> int:
        progress = _ClipProgress(stream)
        self._pump.attach(stream.handle, progress)
        samples = 0
        try:
            while not stream.done:
                stream.feed()
                if stream.handle.outstanding_frames:
                    progress.wait()
                if self.stopping:
                    raise ServerStoppingError("This box is shutting down.")
                if not still_wanted():
                    raise BadRequestError("The client hung up before its file was clean.")
                clean = stream.take()
                samples += len(clean)
                if len(clean):
                    run_off_loop(self._pool, writer.write, to_s16(clean))
            return samples
        finally:
            self._pump.detach(stream.handle)
            stream.close()

    def _decoded(self, sound: Any) -> Iterator[NDArray[np.float32]]:
        decoder = blocks(sound, self._limits)
        while (block := run_off_loop(self._pool, next, decoder, None)) is not None:
            yield block


class _ClipProgress:
    """Hands a clip's results over from the loop's wake-up to the greenlet that waits for them."""

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
