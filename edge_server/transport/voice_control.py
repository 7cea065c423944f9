"""Starting, changing, resuming and ending a client's voice, over whatever lane it came. Waits only for an end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gevent.event import Event

from edge_server.config import Settings
from edge_server.engine.model_file import ModelFacts
from edge_server.errors import BadRequestError, EngineFailedError, ServerStoppingError, StreamExistsError
from edge_server.sessions.device_share import require_share
from edge_server.sessions.live_voice import (
    MAX_SUPPRESSION_LIMIT_DB,
    LiveVoice,
    VoiceContext,
    VoiceRequest,
    live_voices,
)
from edge_server.sessions.resume_desk import ResumeDesk
from edge_server.transport.client import Client
from edge_server.transport.fields import integer, limit_db, text

Answer = dict[str, Any]


class VoiceControl:
    """The events about a stream (PROTOCOL.md, section 4) as functions of a client and their fields.

    Thread: the network loop's.
    """

    def __init__(self, settings: Settings, context: VoiceContext, facts: ModelFacts, resume_desk: ResumeDesk) -> None:
        self.stopping = False
        self._settings = settings
        self.context = context
        self._facts = facts
        self._resume_desk = resume_desk

    def start(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        """Begin a stream. Raises what a wrong field, a full box or a running stream deserves."""
        self._require_free(client)
        geometry = self._facts.geometry(integer(fields, "sample_rate_hz"))
        suppression_limit_db = limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)
        resumable = fields.get("resumable", False)
        if type(resumable) is not bool:
            raise BadRequestError("resumable has to be true or false.")
        request = VoiceRequest(geometry, integer(fields, "packet_samples"), suppression_limit_db)
        device = client.session.claims.subject
        require_share(device, request, live_voices(self.context.pump), self.context.pump.engine)
        voice = LiveVoice(self.context, request, client)
        voice.device = device
        client.session.voice = voice
        if resumable:
            client.session.resumable = self._resume_desk.offer(voice, client.let_go)
        return self._facts_of(client)

    def resume(self, client: Client, fields: Mapping[str, Any]) -> tuple[Answer, Callable[[], None]]:
        """Go on with a stream whose connection broke: the answer, and what to call once it was sent.

        Raises `ResumeFailedError`, or what a wrong field deserves.
        """
        self._require_free(client)
        stream_id, key, next_answer = text(fields, "stream_id"), text(fields, "key"), integer(fields, "next_answer")
        entry = self._resume_desk.resume(stream_id, key, client.let_go)
        try:
            silence = entry.voice.stream.resume(next_answer)
        except BadRequestError:
            self._resume_desk.park(entry)
            raise
        client.session.voice, client.session.resumable = entry.voice, entry
        answer = {**self._facts_of(client), "next_sequence": entry.voice.stream.next_sequence}
        return answer, lambda: entry.voice.adopt(client, silence)

    def set(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        """Change the suppression limit of a running stream."""
        voice = client.session.require_voice()
        if "suppression_limit_db" not in fields:
            raise BadRequestError("suppression_limit_db is missing.")
        suppression_limit_db = limit_db(fields, "suppression_limit_db", MAX_SUPPRESSION_LIMIT_DB)
        voice.set_suppression_limit(suppression_limit_db)
        return {"suppression_limit_db": suppression_limit_db}

    def end(self, client: Client, fields: Mapping[str, Any]) -> Answer:
        """Flush a client's voice, send its tail, free its slot, and give the summary. Waits for the engine."""
        session = client.session
        voice = session.require_voice()
        session.ending = True
        self._withdraw(client)
        finished = Event()
        try:
            voice.finish(finished.set)
            if not finished.wait(self._settings.stop_timeout_s):
                raise EngineFailedError("The end of the stream could not be flushed in time.")
            return dict(voice.stream.summary())
        finally:
            self.close(client)
            session.ending = False

    def leave(self, client: Client, broken: bool) -> None:
        """Hear that a connection is over; the voice of one that is `broken` may wait for its client."""
        resumable = client.session.resumable
        if broken and resumable is not None and not (client.parted or client.session.ending or self.stopping):
            client.session.voice = client.session.resumable = None
            self._resume_desk.park(resumable)
        else:
            self.close(client)

    def close(self, client: Client) -> None:
        """Free the voice's slot. Closing twice does nothing."""
        self._withdraw(client)
        client.close()

    def _withdraw(self, client: Client) -> None:
        if client.session.resumable is not None:
            self._resume_desk.withdraw(client.session.resumable)
            client.session.resumable = None

    def _require_free(self, client: Client) -> None:
        if self.stopping:
            raise ServerStoppingError("This box is shutting down.")
        if client.session.voice is not None:
            raise StreamExistsError("A stream runs on this session already; end it first.")

    def _facts_of(self, client: Client) -> Answer:
        session = client.session
        voice = session.require_voice()
        rate_hz = voice.request.geometry.sample_rate_hz
        answer: Answer = {
            "stream_id": voice.stream_id,
            "sample_rate_hz": rate_hz,
            "packet_samples": voice.request.packet_samples,
            "delay_samples": voice.stream.delay_samples,
            "delay_ms": round(1000 * voice.stream.delay_samples / rate_hz, 2),
            "suppression_limit_db": voice.suppression_limit_db,
            "model": self._facts.name,
            "limits": {
                "max_backlog_packets": self._settings.max_backlog_packets,
                "deadline_ms": self._settings.deadline_ms,
            },
        }
        if session.resumable is not None:
            answer["resume"] = {"key": session.resumable.key, "grace_s": self._resume_desk.grace_s}
        return answer
