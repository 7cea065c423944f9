"""Jobs by REST."""

from __future__ import annotations

import time
from dataclasses import dataclass

import gevent
from flask import Blueprint, Response, jsonify, request, send_file

from edge_server.auth.tokens import OWNER, SPEAKER, TokenDesk
from edge_server.config import Settings
from edge_server.errors import BadRequestError, ChunkOutOfPlaceError, JobNotReadyError
from edge_server.jobs.desk import JobDesk
from edge_server.jobs.fields import chunk_answer, file_format, job_object, job_request, suppression_limit
from edge_server.jobs.job import Job, JobState
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import DETAILS, as_text
from edge_server.transport.fields import as_fields, choice
from edge_server.transport.request_body import read_body
from edge_server.transport.request_fields import bearer_token, small_json
from edge_server.transport.same_origin import require_own_origin


@dataclass(frozen=True, slots=True)
class JobsHttp:
    """What the routes below /api/v1/jobs do. Every one needs the token of a speaker or an owner."""

    settings: Settings
    tokens: TokenDesk
    desk: JobDesk
    files: JobFiles

    def create(self) -> tuple[Response, int]:
        """Begin an upload."""
        owner = self._device()
        fields = as_fields(small_json(self.settings.http_timeout_s))
        return self._described(self.desk.create(owner, job_request(fields))), 201

    def index(self) -> Response:
        """List the jobs of this device."""
        return jsonify(jobs=[job_object(self.desk, job) for job in self.desk.jobs(self._device())])

    def one(self, job_id: str) -> Response:
        """Describe a job."""
        return self._described(self.desk.job(self._device(), job_id))

    def chunk(self, job_id: str) -> Response | tuple[Response, int]:
        """Take a chunk; one that is out of place is told where the upload stands."""
        owner, offset = self._device(), _offset()
        try:
            return jsonify(chunk_answer(self.desk.append(owner, job_id, offset, _chunk_body(self.settings))))
        except ChunkOutOfPlaceError as error:
            return jsonify(error=error.to_dict(), received_bytes=error.received_bytes), error.http_status

    def again(self, job_id: str) -> tuple[Response, int]:
        """Clean the same upload once more, with another limit or format."""
        owner = self._device()
        fields = as_fields(small_json(self.settings.http_timeout_s))
        return self._described(self.desk.again(owner, job_id, file_format(fields), suppression_limit(fields))), 201

    def cancel(self, job_id: str) -> Response:
        """Stop a job and let go of its files."""
        return self._described(self.desk.cancel(self._device(), job_id))

    def delete(self, job_id: str) -> Response:
        """Forget a job and its files."""
        self.desk.delete(self._device(), job_id)
        return jsonify(ok=True)

    def log(self, job_id: str) -> Response:
        """Give the log as text."""
        entries = self.desk.log(self._device(), job_id, choice(request.args, "detail", DETAILS))
        return Response(as_text(entries, _clock_text), mimetype="text/plain")

    def result(self, job_id: str) -> Response:
        """Give the clean file."""
        job = self.desk.job(self._device(), job_id)
        if job.state is not JobState.DONE:
            raise JobNotReadyError(f"This job is {job.state.value}: there is no clean file.")
        return send_file(
            self.files.result(job_id),
            mimetype=f"audio/{job.file_format}",
            as_attachment=True,
            download_name=job.result_name,
            max_age=0,
        )

    def _device(self) -> str:
        require_own_origin(request)
        claims = self.tokens.verify(bearer_token())
        claims.require_role(SPEAKER, OWNER)
        return claims.subject

    def _described(self, job: Job) -> Response:
        return jsonify(job=job_object(self.desk, job), chunk_bytes=self.settings.job_chunk_bytes)


def job_routes(jobs: JobsHttp) -> Blueprint:
    """The routes below /api/v1/jobs."""
    routes = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs")
    routes.post("")(jobs.create)
    routes.get("")(jobs.index)
    routes.get("/<job_id>")(jobs.one)
    routes.put("/<job_id>/chunk")(jobs.chunk)
    routes.post("/<job_id>/again")(jobs.again)
    routes.post("/<job_id>/cancel")(jobs.cancel)
    routes.delete("/<job_id>")(jobs.delete)
    routes.get("/<job_id>/log")(jobs.log)
    routes.get("/<job_id>/result")(jobs.result)
    return routes


def _offset() -> int:
    try:
        return int(request.args.get("offset", ""))
    except ValueError as error:
        raise BadRequestError("offset has to be an integer.") from error


def _chunk_body(settings: Settings) -> bytes:
    request.max_content_length = settings.job_chunk_bytes
    with gevent.Timeout(settings.http_timeout_s, TimeoutError):
        return read_body(request)


def _clock_text(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000)) + f".{at_ms % 1000:03d}"
