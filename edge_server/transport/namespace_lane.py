"""A Socket.IO namespace of control events: who may join it, and how its events are answered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gevent
import socketio
from socketio.exceptions import ConnectionRefusedError as ConnectionRefused

from edge_server.auth.grant import Grant
from edge_server.auth.tokens import TokenDesk
from edge_server.config import Settings
from edge_server.errors import (
    ChunkOutOfPlaceError,
    HushboxError,
    InternalError,
    ServerStoppingError,
    TokenExpiredError,
    TooFastError,
    UnknownEventError,
)
from edge_server.metrics import Metrics
from edge_server.transport.client_link import ClientLink, open_link
from edge_server.transport.connections import Attendance, Connections
from edge_server.transport.fields import as_fields

logger = logging.getLogger(__name__)

ENVELOPE_BYTES = 8192
"""Room for the names and numbers around the bytes of a message."""


@dataclass(slots=True, eq=False)
class Participant:
    """Someone who has joined a namespace; `unanswered` counts the events that wait for their answer."""

    grant: Grant
    link: ClientLink
    unanswered: int = 0

    @property
    def device(self) -> str:
        """The device that the token names."""
        return self.grant.claims.subject


Answer = dict[str, Any]
Handler = Callable[[Participant, Mapping[str, Any]], Answer]


@dataclass(frozen=True, slots=True)
class LaneContext:
    """What the namespaces share."""

    server: socketio.Server
    settings: Settings
    tokens: TokenDesk
    metrics: Metrics
    connections: Connections
    unix_clock: Callable[[], float]


class NamespaceLane:
    """Admits those with one of `roles`, and answers each event in a greenlet of its own, so that audio goes on meanwhile.

    `on_joined` and `on_left` hear of participants and may not wait. Thread: the network loop's.
    """

    def __init__(
        self,
        context: LaneContext,
        namespace: str,
        roles: tuple[str, ...],
        handlers: Mapping[str, Handler],
        message_bytes: int,
    ) -> None:
        self.participants: dict[str, Participant] = {}
        self.stopping = False
        self.on_joined: Callable[[Participant], None] = lambda participant: None
        self.on_left: Callable[[Participant], None] = lambda participant: None
        self._context = context
        self._namespace = namespace
        self._roles = roles
        self._handlers = {"token.renew": self._renew, **handlers}
        self._message_bytes = message_bytes
        context.server.on("connect", self._connect, namespace=namespace)
        context.server.on("disconnect", self._disconnect, namespace=namespace)
        context.server.on("*", self._event, namespace=namespace)

    def check_tokens(self) -> None:
        """Warn those whose token ends soon, and part from those whose token ended."""
        now_s = self._context.unix_clock()
        for participant in list(self.participants.values()):
            if participant.grant.expired(now_s):
                self._part(participant, TokenExpiredError("The token has expired: pair this device again."))
                continue
            left_s = participant.grant.take_expiry_warning(now_s, self._context.settings.token_warning_s)
            if left_s is not None:
                participant.link.emit("token.expiring", {"expires_in_s": left_s})

    def has(self, participant: Participant) -> bool:
        """Whether someone is still connected."""
        return participant in self.participants.values()

    def stop(self) -> None:
        """Admit nobody any more, and part from everyone."""
        self.stopping = True
        for participant in list(self.participants.values()):
            self._part(participant, ServerStoppingError("This box is shutting down."))

    def _connect(self, sid: str, environ: dict[str, Any], auth: object) -> None:
        context = self._context
        try:
            if self.stopping:
                raise ServerStoppingError("This box is shutting down.")
            token = auth.get("token") if isinstance(auth, dict) else None
            claims = context.tokens.verify(token)
            claims.require_role(*self._roles)
        except HushboxError as error:
            context.metrics.count_error(error)
            raise ConnectionRefused(error.message, error.to_dict()) from error
        link = open_link(
            context.server, context.settings, context.metrics.cut_connections.inc, sid, environ, self._namespace
        )
        link.admit(self._message_bytes + ENVELOPE_BYTES)
        participant = Participant(Grant(claims), link)
        self.participants[sid] = participant
        attendance = Attendance(participant.grant, lambda error: self._part(participant, error))
        context.connections.joined(link.connection_id, environ, self._namespace, attendance)
        self.on_joined(participant)

    def _disconnect(self, sid: str, reason: str) -> None:
        participant = self.participants.pop(sid, None)
        if participant is None:
            return
        participant.link.leave(self._context.connections.left(participant.link.connection_id, self._namespace))
        self.on_left(participant)

    def _event(self, event: str, sid: str, acknowledgement_id: int | None, *arguments: object) -> None:
        participant = self.participants.get(sid)
        if participant is None:
            return
        if participant.unanswered >= self._context.settings.max_unanswered_events:
            error = TooFastError(f"{participant.unanswered} events wait for their answer already.")
            participant.link.acknowledge(acknowledgement_id, self._refusal(error))
            return
        participant.unanswered += 1
        gevent.spawn(self._answer_later, sid, participant, event, acknowledgement_id, arguments)

    def _answer_later(
        self, sid: str, participant: Participant, event: str, acknowledgement_id: int | None, arguments: tuple[Any, ...]
    ) -> None:
        if sid not in self.participants:
            # Gone before its turn came: nothing may be begun for it that would have to be ended again.
            return
        try:
            answer = self._answer(participant, event, arguments)
        finally:
            participant.unanswered -= 1
        participant.link.acknowledge(acknowledgement_id, answer)

    def _answer(self, participant: Participant, event: str, arguments: tuple[object, ...]) -> Answer:
        try:
            self._context.tokens.verify_again(participant.grant.claims)
            handler = self._handlers.get(event)
            if handler is None:
                raise UnknownEventError(f"There is no event {event[:64]!r}.")
            return {"ok": True, **handler(participant, as_fields(arguments[0] if arguments else None))}
        except HushboxError as error:
            return self._refusal(error)
        except Exception:
            logger.exception("An event of the namespace %s could not be handled.", self._namespace)
            return self._refusal(InternalError("Something broke in the box; its log has the details."))

    def _renew(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        issued = self._context.tokens.renew(participant.grant.claims)
        self._context.connections.renewed(participant.link.connection_id, issued)
        return {"token": issued.token, "expires_in_s": issued.expires_in_s}

    def _refusal(self, error: HushboxError) -> Answer:
        self._context.metrics.count_error(error)
        answer: Answer = {"ok": False, "error": error.to_dict()}
        if isinstance(error, ChunkOutOfPlaceError):
            answer["received_bytes"] = error.received_bytes
        return answer

    def _part(self, participant: Participant, error: HushboxError) -> None:
        self._context.metrics.count_error(error)
        participant.link.part(error)
