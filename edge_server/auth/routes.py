"""Tokens for those who were invited, over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from edge_server.auth.front_desk import FrontDesk
from edge_server.transport.fields import as_fields, text
from edge_server.transport.request_fields import small_json
from edge_server.transport.same_origin import require_own_origin


def invitation_routes(desk: FrontDesk, timeout_s: float) -> Blueprint:
    """The routes below /api/v1/invitations. A body has to arrive within `timeout_s`."""
    routes = Blueprint("invitations", __name__, url_prefix="/api/v1/invitations")

    @routes.post("/redeem")
    def redeem() -> Response:
        require_own_origin(request)
        fields = as_fields(small_json(timeout_s))
        issued = desk.redeem(text(fields, "code"), fields.get("token"))
        return jsonify(
            token=issued.token,
            expires_in_s=issued.expires_in_s,
            role=issued.claims.role,
            room=issued.claims.room_id,
        )

    return routes
