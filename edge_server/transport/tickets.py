"""Tickets: what a client that cannot send a header shows in an address, once. Pure."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable

from edge_server.errors import TicketInvalidError

TICKET_TTL_S = 30
_MAX_TICKETS = 1024


class TicketDesk:
    """Sells one-way tickets for a token, the oldest of which are forgotten when there are too many."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tickets: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def issue(self, token: str) -> str:
        """A ticket that stands for the token, once and for half a minute."""
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = (token, self._clock() + TICKET_TTL_S)
        if len(self._tickets) > _MAX_TICKETS:
            self._tickets.popitem(last=False)
        return ticket

    def redeem(self, ticket: str) -> str:
        """The token that the ticket stands for. Raises `TicketInvalidError`."""
        token, until_s = self._tickets.pop(ticket, ("", 0.0))
        if not token or until_s <= self._clock():
            raise TicketInvalidError("This ticket is unknown, used or too old; ask for another one.")
        return token
