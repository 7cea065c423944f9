"""What the owner may do with the box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge_server.auth.front_desk import FrontDesk
from edge_server.box.diagnostics import bundle, bundle_name, settings_told, system_told
from edge_server.box.event_feed import EventFeed
from edge_server.box.limits import BoxLimits
from edge_server.box.log_ring import LogRing
from edge_server.box.sampler import Sampler
from edge_server.config import Settings
from edge_server.errors import NotFoundError, SessionEndedError
from edge_server.jobs.off_loop import DiskThread
from edge_server.store.invitations import InvitationRequest
from edge_server.transport.connections import Connections


class Capacity(Protocol):
    """What this box can carry."""

    def known(self) -> dict[str, Any] | None:
        """What was measured last, or None."""

    def standing(self) -> dict[str, Any]:
        """How many voices are admitted now, and why no more, as the statistics have it."""

    def measure(self) -> dict[str, Any]:
        """Measure now; waits. Raises `JobNotReadyError` while voices or files run."""


@dataclass(frozen=True, slots=True)
class BoxParts:
    """What the owner's desk works with."""

    settings: Settings
    front_desk: FrontDesk
    connections: Connections
    feed: EventFeed
    limits: BoxLimits
    sampler: Sampler
    capacity: Capacity
    log: LogRing
    disk: DiskThread
    info: Callable[[], dict[str, Any]]
    metrics: Callable[[], bytes]
    unix_clock: Callable[[], float]


class BoxDesk:
    """The owner's commands. Some wait for the disk. Thread: the network loop's."""

    def __init__(self, parts: BoxParts) -> None:
        self._parts = parts

    def overview(self) -> dict[str, Any]:
        """All there is to draw."""
        parts = self._parts
        return {
            "sessions": parts.connections.sessions(),
            "invitations": parts.front_desk.invitations(),
            "limits": parts.limits.to_dict(),
            "events": [event.to_dict() for event in parts.feed.recent()],
            "stats": list(parts.sampler.kept),
            "capacity": parts.capacity.known(),
        }

    def disconnect(self, session_id: str, revoke: bool) -> None:
        """End a session, and with `revoke` the tokens of its device. Raises `NotFoundError`."""
        claims = self._parts.connections.claims_of(session_id)
        self._parts.connections.part(session_id, SessionEndedError("The owner of this box has ended this session."))
        if revoke:
            for each in {other.subject: other for other in claims}.values():
                self._parts.front_desk.take_back(each)

    def invite(self, request: InvitationRequest) -> dict[str, Any]:
        """A new invitation, with its code. Raises `BadRequestError`."""
        return self._parts.front_desk.invite(request)

    def revoke(self, invitation_id: str) -> dict[str, Any]:
        """End an invitation and the sessions that it has begun. Raises `NotFoundError`."""
        if not invitation_id:
            raise NotFoundError("There is no such invitation.")
        return self._parts.front_desk.described(self._parts.front_desk.revoke(invitation_id))

    def set_limits(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Set some limits, and give all. Raises `BadRequestError`."""
        changed = self._parts.limits.set(wanted)
        self._parts.disk.run(self._parts.limits.keep, changed)
        told = ", ".join(f"{name} {value}" for name, value in changed.items())
        self._parts.feed.publish("limits.changed", f"The owner has set {told}.", **changed)
        return self._parts.limits.to_dict()

    def measure_capacity(self) -> dict[str, Any]:
        """Measure what the box can carry; waits. Raises `JobNotReadyError`."""
        measured = self._parts.capacity.measure()
        voices = measured["voices"]
        self._parts.feed.publish("capacity.measured", f"This box carries about {voices} live voices.", voices=voices)
        return measured

    def log(self, lines: int) -> list[str]:
        """The last lines of the log, secrets removed."""
        return self._parts.log.last(lines)

    def diagnostics(self) -> tuple[str, bytes]:
        """The diagnostic bundle: its name, and its bytes."""
        parts = self._parts
        told = {
            "info": parts.info(),
            "system": system_told(),
            "settings": settings_told(parts.settings),
            "limits": parts.limits.to_dict(),
            "capacity": parts.capacity.known(),
            "stats": list(parts.sampler.kept),
            "events": [event.to_dict() for event in parts.feed.recent()],
        }
        content = parts.disk.run(bundle, told, parts.metrics(), parts.log.last(len(parts.log)))
        return bundle_name(parts.unix_clock()), content
