"""The Socket.IO namespace /jobs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from edge_server.auth.tokens import OWNER, SPEAKER
from edge_server.errors import BadRequestError
from edge_server.jobs.desk import JobDesk
from edge_server.jobs.fields import chunk_answer, file_format, job_object, job_request, suppression_limit
from edge_server.jobs.job import Job
from edge_server.jobs.job_log import DETAILS, of_detail
from edge_server.jobs.job_store import LogEntry
from edge_server.transport.fields import choice, integer, text
from edge_server.transport.namespace_lane import Answer, LaneContext, NamespaceLane, Participant
from edge_server.transport.socketio_packet import JOBS_NAMESPACE


class JobsLane:
    """Answers the events about jobs, and pushes what happens to a job to its owner alone."""

    def __init__(self, context: LaneContext, desk: JobDesk) -> None:
        self._desk = desk
        self._chunk_bytes = context.settings.job_chunk_bytes
        # Which jobs a participant wants to read in detail.
        self._detailed: dict[Participant, set[str]] = {}
        handlers = {
            "job.create": self._create,
            "job.chunk": self._chunk,
            "job.list": self._list,
            "job.get": self._get,
            "job.again": self._again,
            "job.cancel": self._cancel,
            "job.delete": self._delete,
            "job.log": self._log,
        }
        self.lane = NamespaceLane(context, JOBS_NAMESPACE, (SPEAKER, OWNER), handlers, self._chunk_bytes)
        self.lane.on_left = self._forget

    def job_changed(self, job: Job) -> None:
        """Push the job object."""
        for participant in self._owners(job):
            participant.link.emit("job", job_object(self._desk, job))

    def job_progressed(self, job: Job) -> None:
        """Push how far the job is."""
        progress = {
            "job_id": job.job_id,
            "state": job.state.value,
            "progress": round(job.progress, 4),
            "left_s": job.left_s,
            "jobs_ahead": self._desk.jobs_ahead(job),
        }
        for participant in self._owners(job):
            participant.link.emit("job.progress", progress)

    def job_logged(self, job: Job, entries: list[LogEntry]) -> None:
        """Push what is new in the log, in the detail that each connection asked for."""
        for participant in self._owners(job):
            detail = "detailed" if job.job_id in self._detailed.get(participant, ()) else "short"
            wanted = [entry.to_dict() for entry in of_detail(entries, detail)]
            if wanted:
                participant.link.emit("job.log", {"job_id": job.job_id, "entries": wanted})

    def job_gone(self, job: Job) -> None:
        """Push that the job was deleted."""
        for participant in self._owners(job):
            self._detailed.get(participant, set()).discard(job.job_id)
            participant.link.emit("job.gone", {"job_id": job.job_id})

    def _forget(self, participant: Participant) -> None:
        self._detailed.pop(participant, None)

    def _owners(self, job: Job) -> Iterator[Participant]:
        return (someone for someone in list(self.lane.participants.values()) if someone.device == job.owner)

    def _create(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        job = self._desk.create(participant.device, job_request(fields))
        return {"job": job_object(self._desk, job), "chunk_bytes": self._chunk_bytes}

    def _chunk(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        data = fields.get("data")
        if not isinstance(data, bytes):
            raise BadRequestError("data has to be bytes.")
        job_id, offset = text(fields, "job_id"), integer(fields, "offset")
        return chunk_answer(self._desk.append(participant.device, job_id, offset, data))

    def _list(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        return {"jobs": [job_object(self._desk, job) for job in self._desk.jobs(participant.device)]}

    def _get(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        job = self._desk.job(participant.device, text(fields, "job_id"))
        return {"job": job_object(self._desk, job), "chunk_bytes": self._chunk_bytes}

    def _again(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        job = self._desk.again(
            participant.device, text(fields, "job_id"), file_format(fields), suppression_limit(fields)
        )
        return {"job": job_object(self._desk, job)}

    def _cancel(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        job = self._desk.cancel(participant.device, text(fields, "job_id"))
        return {"job": job_object(self._desk, job)}

    def _delete(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._desk.delete(participant.device, text(fields, "job_id"))
        return {}

    def _log(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        job_id, detail = text(fields, "job_id"), choice(fields, "detail", DETAILS)
        after = integer(fields, "after") if "after" in fields else 0
        self._desk.job(participant.device, job_id)
        wanted = self._detailed.setdefault(participant, set())
        wanted.discard(job_id)
        if detail == "detailed":
            wanted.add(job_id)
        entries = self._desk.log(participant.device, job_id, detail, after)
        return {"entries": [entry.to_dict() for entry in entries], "detail": detail}
