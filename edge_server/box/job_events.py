"""What the owner of the box hears of jobs: that they are there, not what is in them."""

from __future__ import annotations

from edge_server.box.event_feed import EventFeed
from edge_server.jobs.job import Job, JobState
from edge_server.jobs.job_store import LogEntry
from edge_server.jobs.wording import bytes_text, play_time_text
from edge_server.metrics import Metrics


class JobEvents:
    """Publishes the beginnings and ends of jobs, and counts what was cleaned."""

    def __init__(self, feed: EventFeed, metrics: Metrics) -> None:
        self._feed = feed
        self._metrics = metrics
        # What was told last of a job that has not ended: a job changes within a state too.
        self._told: dict[str, JobState] = {}

    def job_changed(self, job: Job) -> None:
        """Publish that a job has begun or ended."""
        before = self._told.get(job.job_id)
        if job.ended:
            if self._told.pop(job.job_id, None) is not None:
                self._publish_end(job)
        else:
            self._told[job.job_id] = job.state
            if before is None:
                self._feed.publish(
                    "job.created", f"A file of {bytes_text(job.size_bytes)} is being sent.", job_id=job.job_id
                )

    def job_progressed(self, job: Job) -> None:
        """Progress is nobody's business but the owner's of the file."""

    def job_logged(self, job: Job, entries: list[LogEntry]) -> None:
        """So is the log."""

    def job_gone(self, job: Job) -> None:
        """Remember nothing of a job that is deleted."""
        self._told.pop(job.job_id, None)

    def _publish_end(self, job: Job) -> None:
        if job.state is JobState.DONE:
            self._metrics.count_clip(job.duration_s or 0.0)
        texts = {
            JobState.DONE: f"A file of {play_time_text(job.duration_s or 0)} was cleaned.",
            JobState.FAILED: f"A file could not be cleaned: {(job.error or {}).get('code')}.",
            JobState.CANCELLED: "A file was cancelled.",
        }
        self._feed.publish(f"job.{job.state.value}", texts[job.state], job_id=job.job_id)
