"""Jobs by REST."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

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
from edge_server.transport.request_fields import bearer_token, small_json
from edge_server.transport.same_origin import require_own_origin


@dataclass(frozen=True, slots=True)
class JobsHttp:
    """What the routes need."""

    settings: Settings
    tokens: TokenDesk
    desk: JobDesk
    files: JobFiles


def job_routes(context: JobsHttp) -> Blueprint:
    """The routes below /api/v1/jobs."""
    routes = Blueprint("jobs", __name__, url_prefix="/api/v1/jobs")
    desk, settings = context.desk, context.settings

    def device() -> str:
        require_own_origin(request)
        claims = context.tokens.verify(bearer_token())
        claims.require_role(SPEAKER, OWNER)
        return claims.subject

    def described(job: Job) -> dict[str, Any]:
        return {"job": job_object(desk, job), "chunk_bytes": settings.job_chunk_bytes}

    @routes.post("")
    def create() -> tuple[Response, int]:
        owner = device()
        fields = as_fields(small_json(settings.http_timeout_s))
        return jsonify(described(desk.create(owner, job_request(fields)))), 201

    @routes.get("")
    def index() -> Response:
        return jsonify(jobs=[job_object(desk, job) for job in desk.jobs(device())])

    @routes.get("/<job_id>")
    def one(job_id: str) -> Response:
        return jsonify(described(desk.job(device(), job_id)))

    @routes.put("/<job_id>/chunk")
    def chunk(job_id: str) -> Response | tuple[Response, int]:
        owner, offset = device(), _offset()
        try:
            return jsonify(chunk_answer(desk.append(owner, job_id, offset, _chunk_body(settings))))
        except ChunkOutOfPlaceError as error:
            return jsonify(error=error.to_dict(), received_bytes=error.received_bytes), error.http_status

    @routes.post("/<job_id>/again")
    def again(job_id: str) -> tuple[Response, int]:
        owner = device()
        fields = as_fields(small_json(settings.http_timeout_s))
        return jsonify(described(desk.again(owner, job_id, file_format(fields), suppression_limit(fields)))), 201

    @routes.post("/<job_id>/cancel")
    def cancel(job_id: str) -> Response:
        return jsonify(described(desk.cancel(device(), job_id)))

    @routes.delete("/<job_id>")
    def delete(job_id: str) -> Response:
        desk.delete(device(), job_id)
        return jsonify(ok=True)

    @routes.get("/<job_id>/log")
    def log(job_id: str) -> Response:
        entries = desk.log(device(), job_id, choice(request.args, "detail", DETAILS))
        return Response(as_text(entries, _clock_text), mimetype="text/plain")

    @routes.get("/<job_id>/result")
    def result(job_id: str) -> Response:
        job = desk.job(device(), job_id)
        if job.state is not JobState.DONE:
            raise JobNotReadyError(f"This job is {job.state.value}: there is no clean file.")
        return send_file(
            context.files.result(job_id),
            mimetype=f"audio/{job.file_format}",
            as_attachment=True,
            download_name=job.result_name,
            max_age=0,
        )

    return routes


def _offset() -> int:
    try:
        return int(request.args.get("offset", ""))
    except ValueError as error:
        raise BadRequestError("offset has to be an integer.") from error


def _chunk_body(settings: Settings) -> bytes:
    request.max_content_length = settings.job_chunk_bytes
    with gevent.Timeout(settings.http_timeout_s, TimeoutError):
        return request.get_data(cache=False)


def _clock_text(at_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000)) + f".{at_ms % 1000:03d}"
