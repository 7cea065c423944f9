"""A file in, the clean file out, while its client waits."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal, get_args

import soundfile

from edge_server.audio.files import open_audio
from edge_server.errors import BadRequestError, ServerStoppingError, TooManyStreamsError
from edge_server.jobs.file_run import FileRun
from edge_server.jobs.off_loop import run_off_loop

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
    """Cleans up to `max_clips` files at a time, a block of each at a time. `under_way` counts the files in work.

    Who comes while it does is to come again after `retry_after_s`.
    """

    def __init__(self, run: FileRun, max_clips: int, retry_after_s: float) -> None:
        self._run = run
        self._max_clips = max_clips
        self._retry_after_s = retry_after_s
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
            raise TooManyStreamsError(
                f"This box is busy: {self.under_way} of {self._max_clips} files at a time.", self._retry_after_s
            )
        self.under_way += 1
        try:
            return self._clean(data, suppression_limit_db, file_format, still_wanted)
        finally:
            self.under_way -= 1

    def _clean(
        self, data: bytes, suppression_limit_db: float | None, file_format: str, still_wanted: Callable[[], bool]
    ) -> CleanClip:
        def checkpoint(samples: int) -> None:
            if self.stopping:
                raise ServerStoppingError("This box is shutting down.")
            if not still_wanted():
                raise BadRequestError("The client hung up before its file was clean.")

        pool = self._run.pool
        with ExitStack() as open_files:
            sound = run_off_loop(pool, open_files.enter_context, open_audio(data, self._run.limits))
            rate_hz = sound.samplerate
            target = io.BytesIO()
            writer = open_files.enter_context(
                soundfile.SoundFile(target, "w", rate_hz, 1, "PCM_16", format=file_format.upper())
            )
            samples = self._run.clean(sound, suppression_limit_db, writer.write, checkpoint)
            run_off_loop(pool, writer.close)
        return CleanClip(target.getvalue(), file_format, rate_hz, samples)
