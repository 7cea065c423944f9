"""The control events of the namespace /audio, each answered by an acknowledgement."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import socketio

from edge_server.auth.tokens import TokenDesk
from edge_server.errors import (
    BadRequestError,
    FileEmptyError,
    ServerStoppingError,
)
from edge_server.jobs.clip import CLIP_FORMATS, ClipDesk
from edge_server.sessions.live_voice import MAX_SUPPRESSION_LIMIT_DB
from edge_server.transport.client import Client
from edge_server.transport.client_link import ClientLink
from edge_server.transport.control_answers import Answer, ControlAnswers, Handler, refusal
from edge_server.transport.fields import choice, limit_db
from edge_server.transport.socketio_audio import AudioLane
from edge_server.transport.socketio_packet import NAMESPACE
from edge_server.transport.voice_control import VoiceControl

logger = logging.getLogger(__name__)


class ControlLane:
    """Starts, changes and ends streams, renews tokens and takes clips. Thread: the network loop's."""

    def __init__(
        self,
        lane: AudioLane,
        tokens: TokenDesk,
        voices: VoiceControl,
        clips: ClipDesk,
    ) -> None:
        self._lane = lane
        self._tokens = tokens
        self._voices = voices
        self._clips = clips
        self._answers = ControlAnswers(tokens)

    def register(self, server: socketio.Server) -> None:
        """Attach the handlers to the server."""
        handlers: dict[str, Handler] = {
            "stream.start": self._voices.start,
            "stream.set": self._voices.set,
            "stream.end": self._voices.end,
            "token.renew": self._renew,
        }
        for event, handler in handlers.items():
            server.on(event, self._answering(handler), namespace=NAMESPACE)
        server.on("stream.resume", self._resume, namespace=NAMESPACE)
        server.on("clip", self._clip, namespace=NAMESPACE)

    def _answering(self, handler: Handler) -> Callable[..., Answer]:
        def answer(sid: str, *arguments: object) -> Answer:
            client = self._lane.clients.get(sid)
            if client is None:
                return refusal(ServerStoppingError("This session is over."))
            return self._answers.answer(client, handler, arguments[0] if arguments else None)

        return answer

    def _renew(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        issued = self._tokens.renew(client.session.claims)
        self._lane.renewed(client, issued)
        return {"token": issued.token, "expires_in_s": issued.expires_in_s}

    def _resume(self, sid: str, acknowledgement_id: int | None, *arguments: object) -> None:
        client = self._lane.clients.get(sid)
        if client is None:
            return
        adoptions: list[Callable[[], None]] = []

        def resume(client: Client, fields: Mapping[str, Any]) -> Answer:
            answer, adopt = self._voices.resume(client, fields)
            adoptions.append(adopt)
            return answer

        answer = self._answers.answer(client, resume, arguments[0] if arguments else None)
        # First the answer, then the audio that goes on: the client has to know what it is that comes.
        _link(client).acknowledge(acknowledgement_id, answer)
        for adopt in adoptions:
            adopt()

    def _clip(self, sid: str, acknowledgement_id: int | None, *arguments: object) -> None:
        client = self._lane.clients.get(sid)
        if client is not None:
            # In a greenlet of its own: pings and live audio of this client go on meanwhile.
            gevent.spawn(self._clean_clip, client, acknowledgement_id, arguments)

    def _clean_clip(self, client: Client, acknowledgement_id: int | None, arguments: tuple[object, ...]) -> None:
        answer = self._answers.answer(client, self._clean, arguments[0] if arguments else None)
        file = answer.pop("data", None)
        if isinstance(file, bytes):
            _link(client).acknowledge_with_file(acknowledgement_id, answer, file)
        else:
            _link(client).acknowledge(acknowledgement_id, answer)

    def _clean(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        self._tokens.verify(fields.get("token"))
        data = fields.get("data")
        if not isinstance(data, bytes):
            raise BadRequestError("data has to be the bytes of a file.")
        if not data:
            raise FileEmptyError("The file is empty.")
        clean = self._clips.clean(
            data,
            limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB),
            choice(fields, "format", CLIP_FORMATS),
            lambda: client in self._lane.clients.values(),
        )
        client.metrics.count_clip(clean.samples / clean.sample_rate_hz)
        return {
            "data": clean.data,
            "format": clean.file_format,
            "sample_rate_hz": clean.sample_rate_hz,
            "samples": clean.samples,
        }


def _link(client: Client) -> ClientLink:
    assert isinstance(client.link, ClientLink)
    return client.link
