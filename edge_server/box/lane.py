"""The Socket.IO namespace /box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from edge_server.auth.front_desk import INVITED_ROLES
from edge_server.auth.tokens import OWNER
from edge_server.box.desk import BoxDesk
from edge_server.box.event_feed import BoxEvent
from edge_server.box.log_ring import LINES_KEPT
from edge_server.errors import BadRequestError
from edge_server.store.invitations import MAX_LABEL_CHARACTERS, InvitationRequest
from edge_server.transport.fields import choice, flag, integer_in, text
from edge_server.transport.namespace_lane import Answer, LaneContext, NamespaceLane, Participant
from edge_server.transport.socketio_packet import BOX_NAMESPACE

_A_YEAR_S = 366 * 24 * 3600
_MAX_USES = 10_000


class BoxLane:
    """Answers the owner's events, and pushes statistics, events and lists to owners."""

    def __init__(
        self, context: LaneContext, desk: BoxDesk, sessions: Callable[[], Any], invitations: Callable[[], Any]
    ) -> None:
        self._desk = desk
        self._lists = {"sessions": sessions, "invitations": invitations}
        self._stale: set[str] = set()
        handlers = {
            "box.get": lambda participant, fields: self._desk.overview(),
            "session.disconnect": self._disconnect,
            "invitation.create": self._invite,
            "invitation.revoke": self._revoke,
            "limits.set": lambda participant, fields: {"limits": self._desk.set_limits(fields)},
            "capacity.run": lambda participant, fields: {"capacity": self._desk.measure_capacity()},
            "log.read": self._read_log,
            "diagnostics": self._diagnostics,
        }
        self.lane = NamespaceLane(context, BOX_NAMESPACE, (OWNER,), handlers, context.settings.max_message_bytes)

    def push_event(self, event: BoxEvent) -> None:
        """Push what has happened, and remember which lists it has made stale."""
        self._push("event", event.to_dict())
        if event.kind.startswith(("session.", "stream.")):
            self._stale.add("sessions")
        if event.kind.startswith("invitation."):
            self._stale.add("invitations")

    def push_stats(self, stats: dict[str, Any]) -> None:
        """Push statistics."""
        self._push("stats", stats)

    def push_lists(self) -> None:
        """Push the lists that have changed; waits for the disk."""
        stale, self._stale = self._stale, set()
        if self.lane.participants:
            for name in sorted(stale):
                self._push(name, {name: self._lists[name]()})

    def _push(self, event: str, argument: dict[str, Any]) -> None:
        for participant in list(self.lane.participants.values()):
            participant.link.emit(event, argument)

    def _disconnect(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._desk.disconnect(text(fields, "session_id"), flag(fields, "revoke", False))
        return {}

    def _invite(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        if "role" not in fields:
            raise BadRequestError("role is missing.")
        label = text(fields, "label") if "label" in fields else ""
        if len(label) > MAX_LABEL_CHARACTERS:
            raise BadRequestError(f"label has to have at most {MAX_LABEL_CHARACTERS} characters.")
        request = InvitationRequest(
            choice(fields, "role", INVITED_ROLES),
            integer_in(fields, "expires_in_s", 1, _A_YEAR_S),
            integer_in(fields, "max_uses", 0, _MAX_USES) if "max_uses" in fields else 1,
            label,
        )
        return {"invitation": self._desk.invite(request)}

    def _revoke(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        return {"invitation": self._desk.revoke(text(fields, "invitation_id"))}

    def _read_log(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        lines = integer_in(fields, "lines", 1, LINES_KEPT) if "lines" in fields else 200
        return {"lines": self._desk.log(lines)}

    def _diagnostics(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        name, data = self._desk.diagnostics()
        return {"name": name, "data": data}
