"""Tickets over HTTP."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from edge_server.auth.tokens import TokenDesk
from edge_server.transport.request_fields import bearer_token
from edge_server.transport.same_origin import require_own_origin
from edge_server.transport.tickets import TICKET_TTL_S, TicketDesk


def ticket_routes(tokens: TokenDesk, tickets: TicketDesk) -> Blueprint:
    """`POST /api/v1/ticket`."""
    routes = Blueprint("tickets", __name__, url_prefix="/api/v1")

    @routes.post("/ticket")
    def ticket() -> Response:
        require_own_origin(request)
        token = bearer_token()
        tokens.verify(token)
        return jsonify(ticket=tickets.issue(str(token)), expires_in_s=TICKET_TTL_S)

    return routes
