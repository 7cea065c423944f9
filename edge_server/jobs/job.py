"""A file in the background: what it is, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class JobState(StrEnum):
    """Where a job stands; the last three are ends."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDS = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is asked of a new job: the file's name and bytes, and how it shall be cleaned."""

    name: str
    size_bytes: int
    file_format: str
    suppression_limit_db: float | None


@dataclass(slots=True)
class Job:
    """One file of one device (`owner`). Times are Unix milliseconds; `error` is an error object of PROTOCOL.md.

    `progress` (0 to 1) and `left_s` are about the work of the present state. Thread: the network loop's.
    """

    job_id: str
    owner: str
    name: str
    size_bytes: int
    file_format: str
    suppression_limit_db: float | None
    created_at_ms: int
    expires_at_ms: int
    state: JobState = JobState.UPLOADING
    finished_at_ms: int | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    result_bytes: int | None = None
    error: dict[str, Any] | None = None
    received_bytes: int = 0
    progress: float = 0.0
    left_s: float | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in ENDS

    @property
    def stored_bytes(self) -> int:
        """What its files take, or will take, on the disk."""
        return 0 if self.state is JobState.CANCELLED else self.size_bytes + (self.result_bytes or 0)

    @property
    def result_name(self) -> str:
        """What the clean file is called."""
        stem = self.name.rpartition(".")[0] or self.name
        return f"{stem}-clean.{self.file_format}"

    def to_dict(self, jobs_ahead: int) -> dict[str, Any]:
        """The job object of PROTOCOL.md, section 8."""
        return {
            "job_id": self.job_id,
            "name": self.name,
            "state": self.state.value,
            "size_bytes": self.size_bytes,
            "received_bytes": self.received_bytes,
            "format": self.file_format,
            "suppression_limit_db": self.suppression_limit_db,
            "created_at_ms": self.created_at_ms,
            "finished_at_ms": self.finished_at_ms,
            "expires_at_ms": self.expires_at_ms,
            "progress": round(self.progress, 4),
            "left_s": self.left_s,
            "jobs_ahead": jobs_ahead,
            "duration_s": self.duration_s,
            "sample_rate_hz": self.sample_rate_hz,
            "channels": self.channels,
            "result_bytes": self.result_bytes,
            "error": self.error,
        }
