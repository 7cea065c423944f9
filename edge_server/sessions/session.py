"""One authenticated connection."""

from __future__ import annotations

from edge_server.auth.grant import Grant
from edge_server.auth.tokens import Claims
from edge_server.errors import NoStreamError
from edge_server.sessions.live_voice import LiveVoice
from edge_server.sessions.resume_desk import Resumable


class Session(Grant):
    """Who is connected, until when, and the voice that runs, if any."""

    def __init__(self, claims: Claims) -> None:
        super().__init__(claims)
        self.voice: LiveVoice | None = None
        self.resumable: Resumable | None = None
        self.ending = False

    def require_voice(self) -> LiveVoice:
        """The running voice. Raises `NoStreamError`."""
        if self.voice is None or self.ending:
            raise NoStreamError("No stream runs on this session; start one with stream.start.")
        return self.voice

    def close(self) -> None:
        """Free the voice's slot."""
        voice, self.voice = self.voice, None
        if voice is not None:
            voice.close()
