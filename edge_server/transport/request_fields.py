"""What the routes read from the request at hand."""

from __future__ import annotations

from typing import Any

import gevent
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from edge_server.errors import BadRequestError

_MAX_JSON_BYTES = 4096


def bearer_token() -> str | None:
    """The token of the header `Authorization`, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def small_json(timeout_s: float) -> Any:
    """The body as JSON, or None; read in bounds also when it comes in chunks without a declared length, or trickles in."""
    request.max_content_length = _MAX_JSON_BYTES
    try:
        with gevent.Timeout(timeout_s, TimeoutError):
            return request.get_json(force=True, silent=True)
    except (RequestEntityTooLarge, RecursionError) as error:
        raise BadRequestError("The body of this request is a small JSON object.") from error
