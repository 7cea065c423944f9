"""The owner's box by REST."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from edge_server.auth.tokens import OWNER, TokenDesk
from edge_server.transport.request_fields import bearer_token
from edge_server.transport.same_origin import require_own_origin


def box_routes(tokens: TokenDesk, diagnostics: Callable[[], tuple[str, bytes]]) -> Blueprint:
    """The routes below /api/v1/box; `diagnostics` gives the name and the bytes of the bundle."""
    routes = Blueprint("box", __name__, url_prefix="/api/v1/box")

    @routes.get("/diagnostics")
    def bundle() -> Response:
        require_own_origin(request)
        tokens.verify(bearer_token()).require_role(OWNER)
        name, data = diagnostics()
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, mimetype="application/zip", headers=headers)

    return routes
