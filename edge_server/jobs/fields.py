"""Requests about jobs, read from the fields of an event or of JSON, and the answers to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_server.jobs.clip import CLIP_FORMATS
from edge_server.jobs.desk import JobDesk
from edge_server.jobs.job import Job, JobRequest
from edge_server.sessions.live_voice import MAX_SUPPRESSION_LIMIT_DB
from edge_server.transport.fields import choice, integer, limit_db, text


def job_request(fields: Mapping[str, Any]) -> JobRequest:
    """What is asked of a new job. Raises `BadRequestError`."""
    return JobRequest(
        text(fields, "name"), integer(fields, "size_bytes"), file_format(fields), suppression_limit(fields)
    )


def file_format(fields: Mapping[str, Any]) -> str:
    """The format of the clean file. Raises `BadRequestError`."""
    return choice(fields, "format", CLIP_FORMATS)


def suppression_limit(fields: Mapping[str, Any]) -> float | None:
    """The most attenuation, in dB. Raises `BadRequestError`."""
    return limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)


def chunk_answer(job: Job) -> dict[str, Any]:
    """What a chunk is answered with."""
    progress = round(job.received_bytes / job.size_bytes, 4)
    return {"received_bytes": job.received_bytes, "progress": progress, "left_s": job.left_s}


def job_object(desk: JobDesk, job: Job) -> dict[str, Any]:
    """The job object."""
    return job.to_dict(desk.jobs_ahead(job))
