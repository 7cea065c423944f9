"""The work on queued jobs, in the background of live voices."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import gevent
import soundfile

from edge_server.audio.files import open_audio
from edge_server.config import Settings
from edge_server.errors import DiskFullError, HushboxError, InternalError, ServerStoppingError
from edge_server.jobs.file_run import FileRun
from edge_server.jobs.job import Job, JobState
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import DETAIL, ERROR, INFO
from edge_server.jobs.job_progress import JobProgress
from edge_server.jobs.off_loop import DiskThread, run_off_loop
from edge_server.jobs.shelf import JobShelf
from edge_server.jobs.wording import bytes_text, limit_text, play_time_text

logger = logging.getLogger(__name__)

_WAV_HEADER_BYTES = 44


class _WithdrawnError(Exception):
    """The job was cancelled or deleted while it ran."""


class JobRunner:
    """Runs up to `max_running` queued jobs at a time, the oldest first, while it is `working`. Thread: the network loop's."""

    def __init__(
        self,
        settings: Settings,
        shelf: JobShelf,
        files: JobFiles,
        disk: DiskThread,
        run: FileRun,
        clock: Callable[[], float],
    ) -> None:
        self.max_running = settings.max_running_jobs
        self.running = 0
        self.working = False
        self._settings = settings
        self._shelf = shelf
        self._files = files
        self._disk = disk
        self._run = run
        self._clock = clock

    def wake(self) -> None:
        """Begin with as many queued jobs as may run."""
        for job in self._shelf.queued():
            if not self.working or self.running >= self.max_running:
                break
            self.running += 1
            job.state = JobState.RUNNING
            gevent.spawn(self._work, job)
        for job in self._shelf.queued():
            # One fewer may be before it now.
            self._shelf.progressed(job)

    def _work(self, job: Job) -> None:
        try:
            self._shelf.enter(job, JobState.RUNNING)
            self._clean(job)
        except _WithdrawnError:
            pass
        except ServerStoppingError:
            self._shelf.enter(job, JobState.QUEUED)
        except HushboxError as error:
            self._fail(job, error)
        except Exception as error:
            self._fail(job, self._defect(error))
        finally:
            try:
                self._disk.run(self._tidy, job)
            finally:
                self.running -= 1
                self.wake()

    def _clean(self, job: Job) -> None:
        with ExitStack() as open_files:
            source = open_audio(self._files.upload(job.job_id), self._run.limits)
            sound = run_off_loop(self._run.pool, open_files.enter_context, source)
            progress = self._begin(job, sound)
            writer = run_off_loop(self._run.pool, self._open_writer, job, sound.samplerate)
            open_files.callback(writer.close)

            def write(samples: Any) -> None:
                writer.write(samples)
                progress.wrote(samples)

            def checkpoint(samples: int) -> None:
                if not self.working:
                    raise ServerStoppingError("This box is shutting down.")
                self._require_running(job)
                if progress.advance(samples, self._clock()):
                    self._shelf.progressed(job)

            samples = self._run.clean(sound, job.suppression_limit_db, write, checkpoint)
            run_off_loop(self._run.pool, writer.close)
        self._finish(job, samples, progress)

    def _begin(self, job: Job, sound: Any) -> JobProgress:
        job.sample_rate_hz, job.channels = sound.samplerate, sound.channels
        job.duration_s = round(sound.frames / sound.samplerate, 3)
        channels = "1 channel" if sound.channels == 1 else f"{sound.channels} channels, mixed to one"
        write = self._shelf.logs.write
        write(
            job, INFO, f"Opened: {sound.format}, {sound.samplerate} Hz, {channels}, {play_time_text(job.duration_s)}."
        )
        write(job, DETAIL, f"Encoding: {sound.subtype_info}; {sound.frames} samples a channel.")
        write(job, INFO, f"Removing noise {limit_text(job.suppression_limit_db)}; live voices go first.")
        self._require_room_for(sound.frames * 2 + _WAV_HEADER_BYTES)
        self._shelf.changed(job)
        return JobProgress(job, sound.frames, self._shelf.logs, self._clock())

    def _require_room_for(self, size_bytes: int) -> None:
        if self._disk.run(self._files.free_bytes) - size_bytes < self._settings.min_free_disk_bytes:
            raise DiskFullError(f"This box has no room for {bytes_text(size_bytes)} more; delete some files first.")

    def _open_writer(self, job: Job, sample_rate_hz: int) -> Any:
        path = self._files.partial_result(job.job_id)
        return soundfile.SoundFile(path, "w", sample_rate_hz, 1, "PCM_16", format=job.file_format.upper())

    def _finish(self, job: Job, samples: int, progress: JobProgress) -> None:
        result_bytes = self._disk.run(self._files.finish, job.job_id)
        self._require_running(job)
        job.result_bytes = result_bytes
        job.duration_s = round(samples / (job.sample_rate_hz or 1), 3)
        taken_s = progress.elapsed_s(self._clock())
        speed = job.duration_s / max(taken_s, 1e-3)
        write = self._shelf.logs.write
        write(job, INFO, f"Done: {play_time_text(job.duration_s)} in {taken_s:.1f} s, {speed:.0f} times real time.")
        write(job, INFO, f"The clean file has {bytes_text(job.result_bytes)}.")
        self._shelf.end(job, JobState.DONE)

    def _fail(self, job: Job, error: HushboxError) -> None:
        if job.state is JobState.RUNNING:
            job.error = error.to_dict()
            self._shelf.logs.write(job, ERROR, error.message)
            self._shelf.end(job, JobState.FAILED)

    def _defect(self, error: Exception) -> HushboxError:
        if self._disk.run(self._files.free_bytes) < self._settings.min_free_disk_bytes // 2:
            return DiskFullError("The disk of this box became full on the way.")
        logger.error("A background file could not be cleaned.", exc_info=error)
        return InternalError("Something broke in the box; its log has the details.")

    def _require_running(self, job: Job) -> None:
        if job.state is not JobState.RUNNING:
            raise _WithdrawnError

    def _tidy(self, job: Job) -> None:
        self._files.discard_partial(job.job_id)
        if job.state is JobState.CANCELLED:
            self._files.remove(job.job_id)
