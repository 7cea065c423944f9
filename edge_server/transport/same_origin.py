"""What pages of other origins may not do: command this box, frame its page, or be told anything by it."""

from __future__ import annotations

import re

from flask import Request, Response, request

from edge_server.errors import BadRequestError

_HEADERS = {
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Both together make the page cross-origin isolated, without which a browser has no SharedArrayBuffer.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_HOST = re.compile(r"[A-Za-z0-9.\-\[\]:]+")


def require_own_origin(asked: Request) -> None:
    """Raise `BadRequestError` when a browser asks on behalf of another site's page. Other clients name no origin."""
    origin = asked.headers.get("Origin")
    if origin is not None and origin != asked.host_url.rstrip("/"):
        raise BadRequestError("Requests of pages of another origin are refused.")


def add_security_headers(response: Response) -> Response:
    """Tell the browser what the page may do, and not to keep what is not said to be kept."""
    response.headers.setdefault("Content-Security-Policy", _content_security_policy(request))
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _content_security_policy(asked: Request) -> str:
    scheme = "wss" if asked.is_secure else "ws"
    # Not every browser takes 'self' to mean the WebSocket of the same host.
    socket = f" {scheme}://{asked.host}" if _HOST.fullmatch(asked.host) else ""
    return (
        f"default-src 'self'; script-src 'self'; worker-src 'self' blob:; connect-src 'self'{socket}; "
        "style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; manifest-src 'self'; "
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
