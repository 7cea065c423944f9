"""What happens to a job, line by line: kept, and told as it happens."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable

from edge_server.errors import DiskFullError
from edge_server.jobs.job import Job
from edge_server.jobs.job_store import JobStore, LogEntry
from edge_server.jobs.off_loop import DiskThread

INFO, DETAIL, ERROR = "info", "detail", "error"
SHORT_LEVELS = frozenset({INFO, ERROR})
DETAILS = ("short", "detailed")


def of_detail(entries: list[LogEntry], detail: str) -> list[LogEntry]:
    """The entries that belong into a log of this detail."""
    return entries if detail == "detailed" else [entry for entry in entries if entry.level in SHORT_LEVELS]


def as_text(entries: list[LogEntry], clock_text: Callable[[int], str]) -> str:
    """The log as text, an entry a line; `clock_text` writes Unix milliseconds for a person."""
    return "".join(f"{clock_text(entry.at_ms)} {entry.level:<6} {entry.text}\n" for entry in entries)


class JobLogs:
    """The logs of all jobs, each with at most `max_entries`.

    Entries wait until `flush`, so that the disk is asked a few times a second and not for every line.
    Thread: the network loop's. `unix_clock` gives Unix seconds.
    """

    def __init__(self, store: JobStore, disk: DiskThread, max_entries: int, unix_clock: Callable[[], float]) -> None:
        self._store = store
        self._disk = disk
        self._max_entries = max_entries
        self._unix_clock = unix_clock
        self._lengths: defaultdict[str, int] = defaultdict(int, store.log_lengths())
        self._waiting: defaultdict[str, list[LogEntry]] = defaultdict(list)

    def write(self, job: Job, level: str, text: str) -> None:
        """Add an entry; the last one that fits says that the rest is left out."""
        number = self._lengths[job.job_id] + 1
        if number > self._max_entries:
            return
        if number == self._max_entries:
            level, text = INFO, "The log is full: nothing more is written to it."
        self._lengths[job.job_id] = number
        self._waiting[job.job_id].append(LogEntry(number, round(1000 * self._unix_clock()), level, text))

    def flush(self, job: Job) -> list[LogEntry]:
        """Keep what waits, and give it."""
        entries = self._waiting.pop(job.job_id, [])
        if entries:
            # A full disk costs these lines of the log, and not the job that they are about.
            with contextlib.suppress(DiskFullError):
                self._disk.run(self._store.append_log, job.job_id, entries)
        return entries

    def read(self, job: Job, detail: str, after: int = 0) -> list[LogEntry]:
        """The entries of this detail beyond the number `after`."""
        kept = self._disk.run(self._store.log, job.job_id, after)
        last = kept[-1].number if kept else after
        waiting = [entry for entry in self._waiting.get(job.job_id, []) if entry.number > last]
        return of_detail(kept + waiting, detail)

    def forget(self, job: Job) -> None:
        """Let go of a job that is deleted."""
        self._lengths.pop(job.job_id, None)
        self._waiting.pop(job.job_id, None)
