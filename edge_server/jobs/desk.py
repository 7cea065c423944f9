"""What a device may do with its jobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gevent.lock import BoundedSemaphore

from edge_server.config import Settings
from edge_server.errors import (
    BadRequestError,
    ChunkOutOfPlaceError,
    DiskFullError,
    FileEmptyError,
    FileTooLargeError,
    FileTypeRefusedError,
    JobNotReadyError,
    TooManyJobsError,
)
from edge_server.jobs.audio_kind import START_BYTES, require_audio_name, require_audio_start
from edge_server.jobs.job import Job, JobRequest, JobState
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import ERROR, INFO
from edge_server.jobs.job_store import LogEntry
from edge_server.jobs.off_loop import DiskThread
from edge_server.jobs.pace import Pace
from edge_server.jobs.shelf import JobShelf
from edge_server.jobs.wording import bytes_text

_MAX_NAME_CHARACTERS = 200
_NO_ROOM = "This box has no room for the file; delete some first."


@dataclass(slots=True)
class _Upload:
    """An upload as it comes: one chunk at a time, and how fast."""

    turn: BoundedSemaphore
    pace: Pace


class JobDesk:
    """Makes, fills, repeats, ends and deletes jobs; `on_queued` hears when one waits for its work.

    Every call raises `NotFoundError` for jobs of others. Calls wait for the disk. Thread: the network loop's.
    """

    def __init__(
        self,
        settings: Settings,
        shelf: JobShelf,
        files: JobFiles,
        disk: DiskThread,
        clock: Callable[[], float],
        on_queued: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._shelf = shelf
        self._files = files
        self._disk = disk
        self._clock = clock
        self._on_queued = on_queued
        self._uploads: dict[str, _Upload] = {}
        # Jobs that are not on the shelf yet: what makes them waits for the disk.
        self._coming: dict[str, Job] = {}

    def create(self, owner: str, request: JobRequest) -> Job:
        """A job that waits for its upload.

        Raises `BadRequestError`, `FileTypeRefusedError`, `FileEmptyError`, `FileTooLargeError`, `TooManyJobsError` and
        `DiskFullError`.
        """
        if not 1 <= len(request.name) <= _MAX_NAME_CHARACTERS or not request.name.isprintable():
            raise BadRequestError(f"name has to be 1 to {_MAX_NAME_CHARACTERS} printable characters.")
        require_audio_name(request.name)
        if request.size_bytes < 1:
            raise FileEmptyError("The file is empty.")
        if request.size_bytes > self._settings.max_clip_bytes:
            allowed = bytes_text(self._settings.max_clip_bytes)
            raise FileTooLargeError(f"The file has {bytes_text(request.size_bytes)}; {allowed} are allowed.")
        with self._admitted(owner, request) as job:
            self._disk.run(self._files.begin, job.job_id)
        self._shelf.logs.write(job, INFO, f"Waiting for {bytes_text(job.size_bytes)}.")
        self._shelf.add(job)
        return job

    def append(self, owner: str, job_id: str, offset: int, data: bytes) -> Job:
        """Take the next chunk of an upload; the last one queues the job.

        Raises `BadRequestError`, `ChunkOutOfPlaceError`, `JobNotReadyError`, `FileTypeRefusedError` and `DiskFullError`.
        """
        job = self._shelf.of(owner, job_id)
        upload = self._upload(job)
        with upload.turn:
            self._check_chunk(job, offset, data)
            self._disk.run(self._files.append, job_id, offset, data)
            if job.state is not JobState.UPLOADING:
                raise JobNotReadyError("The job was cancelled meanwhile.")
            job.received_bytes += len(data)
            job.progress = job.received_bytes / job.size_bytes
            job.left_s = upload.pace.left_s(job.received_bytes, job.size_bytes, self._clock())
            job.expires_at_ms = self._shelf.now_ms() + 1000 * self._settings.job_upload_ttl_s
            if job.received_bytes == job.size_bytes:
                taken_s = upload.pace.elapsed_s(self._clock())
                self._shelf.logs.write(job, INFO, f"All {bytes_text(job.size_bytes)} are here after {taken_s:.1f} s.")
                self._queue(job)
        return job

    def jobs(self, owner: str) -> list[Job]:
        """The owner's jobs, newest first."""
        return self._shelf.all_of(owner)

    def job(self, owner: str, job_id: str) -> Job:
        """One job."""
        return self._shelf.of(owner, job_id)

    def jobs_ahead(self, job: Job) -> int:
        """How many queued jobs come before this one."""
        queue = self._shelf.queued() if job.state is JobState.QUEUED else []
        return queue.index(job) if job in queue else 0

    def log(self, owner: str, job_id: str, detail: str, after: int = 0) -> list[LogEntry]:
        """A job's log: `detail` is `short` or `detailed`; entries up to the number `after` are left out."""
        return self._shelf.logs.read(self._shelf.of(owner, job_id), detail, after)

    def again(self, owner: str, job_id: str, file_format: str, suppression_limit_db: float | None) -> Job:
        """A new job with the upload of another. Raises `JobNotReadyError`, `TooManyJobsError` and `DiskFullError`."""
        source = self._shelf.of(owner, job_id)
        if source.state in (JobState.UPLOADING, JobState.CANCELLED):
            raise JobNotReadyError("This job has no complete upload.")
        request = JobRequest(source.name, source.size_bytes, file_format, suppression_limit_db)
        with self._admitted(owner, request) as job:
            self._disk.run(self._files.link_upload, job_id, job.job_id)
        job.received_bytes = job.size_bytes
        self._shelf.logs.write(job, INFO, f"The same {bytes_text(job.size_bytes)} as before, cleaned anew.")
        self._shelf.add(job)
        self._queue(job)
        return job

    def cancel(self, owner: str, job_id: str) -> Job:
        """End a job; its files are gone. Raises `JobNotReadyError` when it has ended already."""
        job = self._shelf.of(owner, job_id)
        if job.ended:
            raise JobNotReadyError(f"This job is {job.state.value} already.")
        self._shelf.logs.write(job, INFO, "Cancelled.")
        self._end(job, JobState.CANCELLED)
        self._disk.run(self._files.remove, job_id)
        return job

    def delete(self, owner: str, job_id: str) -> None:
        """Forget a job, in any state."""
        self._forget(self._shelf.of(owner, job_id))

    def sweep(self) -> None:
        """Delete what has been kept for long enough."""
        now_ms = self._shelf.now_ms()
        for job in self._shelf:
            if job.expires_at_ms <= now_ms and (job.ended or job.state is JobState.UPLOADING):
                self._forget(job)

    @contextmanager
    def _admitted(self, owner: str, request: JobRequest) -> Iterator[Job]:
        """A new job, which counts from now on though the shelf has it only after this.

        Nothing may wait between its end and `JobShelf.add`. Raises `TooManyJobsError` and `DiskFullError`.
        """
        # All that is known is looked at before the disk is waited for: whoever asks meanwhile finds this job counted.
        known = [*self._shelf, *self._coming.values()]
        self._require_place(owner, request, known)
        on_the_way = sum(job.size_bytes - job.received_bytes for job in known if job.state is JobState.UPLOADING)
        job = self._new_job(owner, request)
        self._coming[job.job_id] = job
        try:
            free = self._disk.run(self._files.free_bytes) - on_the_way - request.size_bytes
            if free < self._settings.min_free_disk_bytes:
                raise DiskFullError(_NO_ROOM)
            yield job
        finally:
            del self._coming[job.job_id]

    def _require_place(self, owner: str, request: JobRequest, known: Sequence[Job]) -> None:
        count, of_device = len(known), sum(job.owner == owner for job in known)
        if of_device >= self._settings.max_jobs_per_device or count >= self._settings.max_jobs:
            raise TooManyJobsError(f"This device has {of_device} files here, the box {count}; delete some first.")
        if sum(job.stored_bytes for job in known) + request.size_bytes > self._settings.max_job_storage_bytes:
            raise DiskFullError(_NO_ROOM)

    def _new_job(self, owner: str, request: JobRequest) -> Job:
        now_ms = self._shelf.now_ms()
        return Job(
            f"j-{secrets.token_hex(8)}",
            owner,
            request.name,
            request.size_bytes,
            request.file_format,
            request.suppression_limit_db,
            now_ms,
            now_ms + 1000 * self._settings.job_upload_ttl_s,
        )

    def _upload(self, job: Job) -> _Upload:
        upload = self._uploads.get(job.job_id)
        if upload is None:
            upload = _Upload(BoundedSemaphore(), Pace(self._clock(), job.received_bytes))
            if job.state is JobState.UPLOADING:
                self._uploads[job.job_id] = upload
        return upload

    def _check_chunk(self, job: Job, offset: int, data: bytes) -> None:
        if job.state is not JobState.UPLOADING:
            raise JobNotReadyError(f"This job is {job.state.value}: it takes no more chunks.")
        if offset != job.received_bytes:
            raise ChunkOutOfPlaceError(f"The next chunk begins at {job.received_bytes}.", job.received_bytes)
        if not 1 <= len(data) <= min(self._settings.job_chunk_bytes, job.size_bytes - offset):
            raise BadRequestError(
                f"data has to be 1 to {self._settings.job_chunk_bytes} bytes, and no more than are missing."
            )
        if offset == 0:
            self._check_start(job, data)

    def _check_start(self, job: Job, data: bytes) -> None:
        if len(data) < min(START_BYTES, job.size_bytes):
            raise BadRequestError(f"The first chunk has to have {START_BYTES} bytes at least.")
        try:
            require_audio_start(data)
        except FileTypeRefusedError as error:
            job.error = error.to_dict()
            self._shelf.logs.write(job, ERROR, error.message)
            self._end(job, JobState.FAILED)
            raise

    def _queue(self, job: Job) -> None:
        self._uploads.pop(job.job_id, None)
        job.expires_at_ms = self._shelf.now_ms() + 1000 * self._settings.job_ttl_s
        self._shelf.enter(job, JobState.QUEUED)
        self._on_queued()

    def _end(self, job: Job, state: JobState) -> None:
        self._uploads.pop(job.job_id, None)
        self._shelf.end(job, state)

    def _forget(self, job: Job) -> None:
        self._uploads.pop(job.job_id, None)
        if not job.ended:
            job.state = JobState.CANCELLED
        self._shelf.remove(job)
        self._disk.run(self._files.remove, job.job_id)
