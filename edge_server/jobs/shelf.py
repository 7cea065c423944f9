"""All jobs of a box: whose they are, and who hears of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from edge_server.errors import DiskFullError, NotFoundError
from edge_server.jobs.job import Job, JobState
from edge_server.jobs.job_log import INFO, JobLogs
from edge_server.jobs.job_store import JobStore, LogEntry
from edge_server.jobs.off_loop import DiskThread
from edge_server.jobs.wording import lasting_text

logger = logging.getLogger(__name__)


class JobListener(Protocol):
    """Someone who follows jobs. None of these calls may wait."""

    def job_changed(self, job: Job) -> None:
        """Hear that a job is in another state."""

    def job_progressed(self, job: Job) -> None:
        """Hear how far a running job is."""

    def job_logged(self, job: Job, entries: list[LogEntry]) -> None:
        """Hear what is new in a job's log."""

    def job_gone(self, job: Job) -> None:
        """Hear that a job was deleted."""


class JobShelf:
    """The jobs, in memory and in the database; each is kept for `ttl_s` after its end.

    Thread: the network loop's. `unix_clock` gives Unix seconds.
    """

    def __init__(
        self, store: JobStore, logs: JobLogs, disk: DiskThread, ttl_s: int, unix_clock: Callable[[], float]
    ) -> None:
        self.listeners: list[JobListener] = []
        self.logs = logs
        self._store = store
        self._disk = disk
        self._ttl_s = ttl_s
        self._unix_clock = unix_clock
        self._full = False
        self._jobs = {job.job_id: job for job in store.all()}

    def __iter__(self) -> Iterator[Job]:
        """The jobs, oldest first."""
        return iter(list(self._jobs.values()))

    def of(self, owner: str, job_id: str) -> Job:
        """A job of this owner. Raises `NotFoundError`, also for jobs of others."""
        job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise NotFoundError("There is no such job.")
        return job

    def all_of(self, owner: str) -> list[Job]:
        """The owner's jobs, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.owner == owner]

    def queued(self) -> list[Job]:
        """The jobs that wait for their turn, in its order."""
        return [job for job in self if job.state is JobState.QUEUED]

    def add(self, job: Job) -> None:
        """Take a new job in, and tell."""
        self._jobs[job.job_id] = job
        self.changed(job)

    def enter(self, job: Job, state: JobState) -> None:
        """Let a job be in another state, from the beginning of that state's work, and tell."""
        job.state = state
        job.progress = 1.0 if state is JobState.DONE else 0.0
        job.left_s = None
        self.changed(job)

    def end(self, job: Job, state: JobState) -> None:
        """Let a job have ended, and tell for how long it is kept."""
        job.finished_at_ms = self.now_ms()
        job.expires_at_ms = job.finished_at_ms + 1000 * self._ttl_s
        self.logs.write(job, INFO, f"Kept for {lasting_text(self._ttl_s)}, then deleted.")
        self.enter(job, state)

    def changed(self, job: Job) -> None:
        """Keep a job as it stands, and tell."""
        for listener in self.listeners:
            listener.job_changed(job)
        self.tell_log(job)
        if job.job_id in self._jobs:
            self._keep(self._store.save, job)

    def progressed(self, job: Job) -> None:
        """Tell how far a job is."""
        for listener in self.listeners:
            listener.job_progressed(job)
        self.tell_log(job)

    def tell_log(self, job: Job) -> None:
        """Tell what is new in a job's log, and keep it."""
        if job.job_id not in self._jobs:
            self.logs.forget(job)
            return
        entries = self.logs.flush(job)
        if entries:
            for listener in self.listeners:
                listener.job_logged(job, entries)

    def remove(self, job: Job) -> None:
        """Forget a job, and tell."""
        if self._jobs.pop(job.job_id, None) is None:
            return
        self.logs.forget(job)
        for listener in self.listeners:
            listener.job_gone(job)
        self._keep(self._store.delete, job.job_id)

    def _keep(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._disk.run(function, *arguments)
            self._full = False
        except DiskFullError:
            # The job itself goes on; what could not be kept now is kept with its next change.
            if not self._full:
                logger.error("The disk is full: what becomes of files is not remembered over a restart.")
            self._full = True

    def now_ms(self) -> int:
        """The time, in Unix milliseconds."""
        return round(1000 * self._unix_clock())
