"""The control events of the namespace /audio, each answered by an acknowledgement."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import gevent
import socketio
from gevent.event import Event

from edge_server.auth.tokens import TokenDesk
from edge_server.config import Settings
from edge_server.engine.model_file import ModelFacts
from edge_server.errors import (
    BadRequestError,
    EngineFailedError,
    FileEmptyError,
    HushboxError,
    InternalError,
    ServerStoppingError,
    StreamExistsError,
)
from edge_server.jobs.clip import CLIP_FORMATS, ClipDesk
from edge_server.sessions.live_voice import MAX_SUPPRESSION_LIMIT_DB, LiveVoice, VoiceContext, VoiceRequest
from edge_server.transport.client import Client
from edge_server.transport.fields import as_fields, choice, integer, limit_db
from edge_server.transport.socketio_audio import AudioLane
from edge_server.transport.socketio_packet import NAMESPACE

logger = logging.getLogger(__name__)

Answer = dict[str, Any]
Handler = Callable[[Client, Mapping[str, Any]], Answer]


class ControlLane:
    """Starts, changes and ends streams, renews tokens and takes clips. Thread: the network loop's."""

    def __init__(
        self,
        lane: AudioLane,
        settings: Settings,
        tokens: TokenDesk,
        voices: VoiceContext,
        facts: ModelFacts,
        clips: ClipDesk,
    ) -> None:
        self._lane = lane
        self._settings = settings
        self._tokens = tokens
        self._voices = voices
        self._facts = facts
        self._clips = clips

    def register(self, server: socketio.Server) -> None:
        """Attach the handlers to the server."""
        handlers: dict[str, Handler] = {
            "stream.start": self._start,
            "stream.set": self._set,
            "stream.end": self._end,
            "token.renew": self._renew,
        }
        for event, handler in handlers.items():
            server.on(event, self._answering(handler), namespace=NAMESPACE)
        server.on("clip", self._clip, namespace=NAMESPACE)

    def end_voice(self, client: Client) -> Answer:
        """Flush a client's voice, send its tail, free its slot, and give the summary. Waits for the engine."""
        session = client.session
        voice = session.require_voice()
        session.ending = True
        finished = Event()
        try:
            voice.finish(finished.set)
            if not finished.wait(self._settings.stop_timeout_s):
                raise EngineFailedError("The end of the stream could not be flushed in time.")
            return dict(voice.stream.summary())
        finally:
            client.close()
            session.ending = False

    def _answering(self, handler: Handler) -> Callable[..., Answer]:
        def answer(sid: str, *arguments: object) -> Answer:
            client = self._lane.clients.get(sid)
            if client is None:
                return _refusal(ServerStoppingError("This session is over."))
            return self._answer(client, handler, arguments)

        return answer

    def _answer(self, client: Client, handler: Handler, arguments: tuple[object, ...]) -> Answer:
        try:
            self._tokens.verify(client.session.token)
            fields = as_fields(arguments[0] if arguments else None)
            return {"ok": True, **handler(client, fields)}
        except HushboxError as error:
            client.metrics.count_error(error)
            return _refusal(error)
        except Exception:
            logger.exception("A control event could not be handled.")
            return _refusal(InternalError("Something broke in the box; its log has the details."))

    def _start(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        if self._lane.stopping:
            raise ServerStoppingError("This box is shutting down.")
        if client.session.voice is not None:
            raise StreamExistsError("A stream runs on this session already; end it first.")
        geometry = self._facts.geometry(integer(fields, "sample_rate_hz"))
        suppression_limit_db = limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)
        request = VoiceRequest(geometry, integer(fields, "packet_samples"), suppression_limit_db)
        voice = LiveVoice(self._voices, request, client)
        client.session.voice = voice
        return {
            "stream_id": secrets.token_hex(8),
            "sample_rate_hz": geometry.sample_rate_hz,
            "packet_samples": request.packet_samples,
            "delay_samples": voice.stream.delay_samples,
            "delay_ms": round(1000 * voice.stream.delay_samples / geometry.sample_rate_hz, 2),
            "suppression_limit_db": suppression_limit_db,
            "model": self._facts.name,
            "limits": {
                "max_backlog_packets": self._settings.max_backlog_packets,
                "deadline_ms": self._settings.deadline_ms,
            },
        }

    def _set(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        voice = client.session.require_voice()
        if "suppression_limit_db" not in fields:
            raise BadRequestError("suppression_limit_db is missing.")
        suppression_limit_db = limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)
        voice.set_suppression_limit(suppression_limit_db)
        return {"suppression_limit_db": suppression_limit_db}

    def _end(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        return self.end_voice(client)

    def _renew(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        issued = self._tokens.renew(client.session.claims)
        client.session.renew(issued.token, issued.claims)
        return {"token": issued.token, "expires_in_s": issued.expires_in_s}

    def _clip(self, sid: str, acknowledgement_id: int | None, *arguments: object) -> None:
        client = self._lane.clients.get(sid)
        if client is not None:
            # In a greenlet of its own: pings and live audio of this client go on meanwhile.
            gevent.spawn(self._clean_clip, client, acknowledgement_id, arguments)

    def _clean_clip(self, client: Client, acknowledgement_id: int | None, arguments: tuple[object, ...]) -> None:
        client.link.acknowledge(acknowledgement_id, self._answer(client, self._clean, arguments))

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


def _refusal(error: HushboxError) -> Answer:
    return {"ok": False, "error": error.to_dict()}
