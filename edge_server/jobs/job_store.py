"""Jobs and their logs in the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from edge_server.jobs.job import Job, JobState
from edge_server.store.database import Database

_COLUMNS = (
    "job_id",
    "owner",
    "name",
    "state",
    "size_bytes",
    "file_format",
    "suppression_limit_db",
    "created_at_ms",
    "finished_at_ms",
    "expires_at_ms",
    "duration_s",
    "sample_rate_hz",
    "channels",
    "result_bytes",
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of a job's log; `level` is `info`, `error` or `detail`, `at_ms` Unix milliseconds."""

    number: int
    at_ms: int
    level: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The entry as PROTOCOL.md, section 8, has it."""
        return {"number": self.number, "at_ms": self.at_ms, "level": self.level, "text": self.text}


class JobStore:
    """What is known of jobs after a restart. Every call waits for the disk. Thread: one at a time, any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, job: Job) -> None:
        """Remember a job as it stands."""
        values: list[Any] = [getattr(job, column) for column in _COLUMNS]
        values[_COLUMNS.index("state")] = job.state.value
        values.append(None if job.error is None else json.dumps(job.error))
        marks = ", ".join("?" * len(values))
        self._database.execute(
            f"INSERT OR REPLACE INTO jobs ({', '.join(_COLUMNS)}, error) VALUES ({marks})", tuple(values)
        )

    def delete(self, job_id: str) -> None:
        """Forget a job and its log."""
        with self._database.transaction():
            self._database.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))
            self._database.execute("DELETE FROM job_log WHERE job_id = ?", (job_id,))

    def all(self) -> list[Job]:
        """Every job, oldest first; how much of an upload has arrived is for the files to tell."""
        jobs = []
        for row in self._database.rows("SELECT * FROM jobs ORDER BY created_at_ms, rowid"):
            error = row.pop("error")
            state = JobState(row.pop("state"))
            jobs.append(Job(**row, state=state, error=None if error is None else json.loads(error)))
        return jobs

    def append_log(self, job_id: str, entries: Sequence[LogEntry]) -> None:
        """Add entries to a job's log."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO job_log VALUES (?, ?, ?, ?, ?)",
                [(job_id, entry.number, entry.at_ms, entry.level, entry.text) for entry in entries],
            )

    def log(self, job_id: str, after: int) -> list[LogEntry]:
        """The entries of a job's log beyond the number `after`, in order."""
        rows = self._database.rows(
            "SELECT number, at_ms, level, text FROM job_log WHERE job_id = ? AND number > ? ORDER BY number",
            (job_id, after),
        )
        return [LogEntry(**row) for row in rows]

    def log_lengths(self) -> dict[str, int]:
        """The last number in each job's log."""
        rows = self._database.rows("SELECT job_id, max(number) AS last FROM job_log GROUP BY job_id")
        return {row["job_id"]: row["last"] for row in rows}
