"""Jobs after a restart of the box."""

from __future__ import annotations

from edge_server.errors import EngineFailedError
from edge_server.jobs.job import Job, JobState
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import ERROR, INFO
from edge_server.jobs.shelf import JobShelf

_BROKE_DOWN = "The box stopped in the middle of the work, which begins anew."


def take_up(shelf: JobShelf, files: JobFiles) -> None:
    """Put every job where it goes on: uploads where they stand, work back into the queue.

    Waits for the disk. Raises `OSError` when the folder cannot be used.
    """
    files.remove_all_but({job.job_id for job in shelf})
    for job in shelf:
        job.received_bytes = files.received_bytes(job.job_id)
        if job.state is JobState.UPLOADING:
            job.progress = job.received_bytes / job.size_bytes
        elif job.state is JobState.QUEUED:
            shelf.logs.write(job, INFO, "The box was restarted: the work begins anew.")
            shelf.enter(job, JobState.QUEUED)
        elif job.state is JobState.RUNNING:
            _take_up_broken(shelf, job)


def _take_up_broken(shelf: JobShelf, job: Job) -> None:
    # An orderly stop puts a job back into the queue: this one was being worked on when the box broke down.
    # Once may be a power cut; a file that takes the box down twice is not tried a third time.
    if any(entry.text == _BROKE_DOWN for entry in shelf.logs.read(job, "short")):
        error = EngineFailedError("The box broke down twice while it worked on this file.")
        job.error = error.to_dict()
        shelf.logs.write(job, ERROR, error.message)
        shelf.end(job, JobState.FAILED)
    else:
        shelf.logs.write(job, INFO, _BROKE_DOWN)
        shelf.enter(job, JobState.QUEUED)
