"""HTTP: pairing, files, health, and the page."""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import flask
from flask import Blueprint, Flask, Response, jsonify, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from edge_server.auth.pairing import PairingDesk
from edge_server.auth.tokens import OWNER, SPEAKER, IssuedToken, TokenDesk
from edge_server.config import Settings
from edge_server.errors import (
    BadRequestError,
    EngineFailedError,
    FileEmptyError,
    FileTooLargeError,
    HushboxError,
    InternalError,
    NotFoundError,
)
from edge_server.jobs.clip import CLIP_FORMATS, ClipDesk
from edge_server.metrics import CONTENT_TYPE, Metrics
from edge_server.sessions.live_voice import MAX_SUPPRESSION_LIMIT_DB
from edge_server.transport.fields import as_fields, choice, limit_db, text
from edge_server.transport.handler import STILL_CONNECTED
from edge_server.transport.page import page_routes
from edge_server.transport.request_body import RequestInMemory, read_body
from edge_server.transport.request_fields import bearer_token, small_json
from edge_server.transport.same_origin import add_security_headers, require_own_origin
from edge_server.transport.upload_gate import UploadGate

logger = logging.getLogger(__name__)

_MULTIPART_ENVELOPE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class HttpContext:
    """What the routes need of the service; `probe` waits for a frame through the engine and raises when it fails."""

    settings: Settings
    pairing: PairingDesk
    tokens: TokenDesk
    clips: ClipDesk
    gate: UploadGate
    metrics: Metrics
    probe: Callable[[], float]
    info: Callable[[], dict[str, Any]]
    more_routes: Sequence[Blueprint] = ()
    on_paired: Callable[[IssuedToken], None] = lambda issued: None


def create_flask_app(context: HttpContext) -> Flask:
    """The Flask application with all routes, error answers and security headers."""
    app = Flask("hushbox", static_folder=None)
    app.request_class = RequestInMemory
    app.config["MAX_CONTENT_LENGTH"] = context.settings.max_clip_bytes + _MULTIPART_ENVELOPE_BYTES
    app.register_blueprint(_api(context))
    app.register_blueprint(_health(context))
    for blueprint in context.more_routes:
        app.register_blueprint(blueprint)
    app.register_blueprint(page_routes(context.settings.web_dir))
    app.register_error_handler(Exception, lambda error: _error_answer(error, context))
    app.after_request(add_security_headers)
    return app


def _api(context: HttpContext) -> Blueprint:
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.post("/pair")
    def pair() -> Response:
        require_own_origin(request)
        fields = as_fields(small_json(context.settings.http_timeout_s))
        context.pairing.redeem(text(fields, "pin"))
        issued = context.tokens.issue(SPEAKER, context.tokens.device_of(fields.get("token")))
        context.on_paired(issued)
        return jsonify(token=issued.token, expires_in_s=issued.expires_in_s, role=issued.claims.role)

    @api.post("/denoise")
    def denoise() -> Response:
        require_own_origin(request)
        context.tokens.verify(bearer_token()).require_role(SPEAKER, OWNER)
        fields = _clip_fields()
        suppression_limit_db = limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)
        file_format = choice(fields, "format", CLIP_FORMATS)
        with context.gate.enter(request.remote_addr or ""):
            data = _uploaded_file(context.settings.max_clip_bytes)
        clean = context.clips.clean(data, suppression_limit_db, file_format, _still_connected())
        context.metrics.count_clip(clean.samples / clean.sample_rate_hz)
        return Response(clean.data, mimetype=f"audio/{clean.file_format}")

    @api.get("/info")
    def info() -> Response:
        return jsonify(context.info())

    return api


def _health(context: HttpContext) -> Blueprint:
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def healthz() -> Response:
        return jsonify(ok=True)

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        try:
            probe_s = context.probe()
        except EngineFailedError as error:
            context.metrics.count_error(error)
            return jsonify(ok=False, error=error.to_dict()), 503
        return jsonify(ok=True, probe_ms=round(1000 * probe_s, 2)), 200

    @health.get("/metrics")
    def metrics() -> Response:
        return Response(context.metrics.render(), content_type=CONTENT_TYPE)

    return health


def _still_connected() -> Callable[[], bool]:
    connected: Callable[[], bool] = request.environ[STILL_CONNECTED]
    return connected


def _clip_fields() -> dict[str, Any]:
    fields: dict[str, Any] = request.args.to_dict()
    level = fields.get("suppression_limit_db")
    if level is not None:
        try:
            fields["suppression_limit_db"] = None if level in ("", "null") else float(level)
        except ValueError as error:
            raise BadRequestError("suppression_limit_db has to be a number or null.") from error
    return fields


def _uploaded_file(max_bytes: int) -> bytes:
    if request.mimetype == "multipart/form-data":
        upload = request.files.get("file")
        if upload is None:
            raise BadRequestError("The form has no field file.")
        data = cast("io.BytesIO", upload.stream).getvalue()
    else:
        data = read_body(request)
    if not data:
        raise FileEmptyError("The file is empty.")
    if len(data) > max_bytes:
        raise FileTooLargeError(f"The file has {len(data)} bytes; {max_bytes} are allowed.")
    return data


def _error_answer(error: Exception, context: HttpContext) -> tuple[Response, int]:
    known = _known_error(error, context.settings)
    context.metrics.count_error(known)
    # It holds the request that holds it, which would be garbage then.
    flask.request.routing_exception = None
    response = jsonify(error=known.to_dict())
    if known.retry_after_s is not None:
        response.headers["Retry-After"] = str(math.ceil(known.retry_after_s))
    if isinstance(error, HTTPException) and not isinstance(known, (NotFoundError, FileTooLargeError)):
        return response, error.code or known.http_status
    return response, known.http_status


def _known_error(error: Exception, settings: Settings) -> HushboxError:
    if isinstance(error, HushboxError):
        return error
    if isinstance(error, RequestEntityTooLarge):
        return FileTooLargeError(f"The file has more than the allowed {settings.max_clip_bytes} bytes.")
    if isinstance(error, ClientDisconnected):
        return BadRequestError("The body of the request ended before it was complete.")
    if isinstance(error, HTTPException):
        if error.code == 404:
            return NotFoundError(f"There is nothing at {flask.request.path[:100]}.")
        return BadRequestError(error.description or error.name)
    logger.error("A request could not be handled.", exc_info=error)
    return InternalError("Something broke in the box; its log has the details.")
