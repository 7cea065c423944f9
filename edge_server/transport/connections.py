"""Who is connected, over whatever namespaces."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from edge_server.auth.grant import Grant
from edge_server.auth.tokens import Claims, IssuedToken
from edge_server.box.event_feed import EventFeed
from edge_server.errors import HushboxError, NotFoundError


@dataclass(frozen=True, slots=True)
class Attendance:
    """One namespace of a connection: what the token shown there says, how to part, and whether a voice runs."""

    grant: Grant
    part: Callable[[HushboxError], None]
    is_live: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Connection:
    """One connection with the namespaces that it has joined."""

    session_id: str
    address: str
    connected_at_ms: int
    attendances: dict[str, Attendance] = field(default_factory=dict)

    @property
    def claims(self) -> Claims:
        """What the first token that it has shown says."""
        return next(iter(self.attendances.values())).grant.claims

    def to_dict(self) -> dict[str, Any]:
        """The session object of PROTOCOL.md, section 10."""
        return {
            "session_id": self.session_id,
            "device": self.claims.subject,
            "role": self.claims.role,
            "address": self.address,
            "connected_at_ms": self.connected_at_ms,
            "namespaces": sorted(self.attendances),
            "live": any(attendance.is_live() for attendance in self.attendances.values()),
            "invitation_id": self.claims.invitation_id,
        }


class Connections:
    """The connections by a key of the transport's own. Thread: the network loop's. `unix_clock` gives Unix seconds."""

    def __init__(self, feed: EventFeed, unix_clock: Callable[[], float]) -> None:
        self._feed = feed
        self._unix_clock = unix_clock
        self._connections: dict[str, Connection] = {}

    def __len__(self) -> int:
        """The number of connections."""
        return len(self._connections)

    def joined(self, key: str, environ: dict[str, Any], namespace: str, attendance: Attendance) -> None:
        """A connection has joined a namespace."""
        connection = self._connections.get(key)
        if connection is not None:
            connection.attendances[namespace] = attendance
            return
        address = str(environ.get("REMOTE_ADDR", ""))
        connection = Connection(f"s-{secrets.token_hex(8)}", address, round(1000 * self._unix_clock()))
        connection.attendances[namespace] = attendance
        self._connections[key] = connection
        self._tell("session.connected", "Someone connected.", connection)

    def left(self, key: str, namespace: str) -> bool:
        """A connection has left a namespace; true when that was its last one."""
        connection = self._connections.get(key)
        if connection is None:
            return True
        if len(connection.attendances) > 1:
            connection.attendances.pop(namespace, None)
            return False
        del self._connections[key]
        self._tell("session.ended", "Someone left.", connection)
        return True

    def renewed(self, key: str, issued: IssuedToken) -> None:
        """Let a fresh token count in all namespaces that were joined over this connection with what it renews.

        Another token of the same device may have another role or end with another invitation: it stays what it is.
        """
        connection = self._connections.get(key)
        for attendance in connection.attendances.values() if connection else ():
            if replace(attendance.grant.claims, expires_at_s=issued.claims.expires_at_s) == issued.claims:
                attendance.grant.renew(issued.claims)

    def sessions(self) -> list[dict[str, Any]]:
        """The session objects, oldest first."""
        return [connection.to_dict() for connection in self._connections.values()]

    def claims_of(self, session_id: str) -> list[Claims]:
        """What the tokens of a session say. Raises `NotFoundError`."""
        for connection in self._connections.values():
            if connection.session_id == session_id:
                return [attendance.grant.claims for attendance in connection.attendances.values()]
        raise NotFoundError("There is no such session.")

    def part(self, session_id: str, error: HushboxError) -> None:
        """End one session."""
        for connection in list(self._connections.values()):
            if connection.session_id == session_id:
                self._part(connection, error)

    def part_where(self, ends: Callable[[Claims], bool], error: HushboxError) -> None:
        """End the sessions with a token about which `ends` is true."""
        for connection in list(self._connections.values()):
            if any(ends(attendance.grant.claims) for attendance in connection.attendances.values()):
                self._part(connection, error)

    def _part(self, connection: Connection, error: HushboxError) -> None:
        for attendance in list(connection.attendances.values()):
            attendance.part(error)

    def _tell(self, kind: str, text: str, connection: Connection) -> None:
        claims = connection.claims
        self._feed.publish(kind, text, session_id=connection.session_id, device=claims.subject, role=claims.role)
