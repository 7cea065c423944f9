"""One authenticated connection."""

from __future__ import annotations

from edge_server.auth.tokens import Claims
from edge_server.errors import NoStreamError
from edge_server.sessions.live_voice import LiveVoice


class Session:
    """Who is connected, until when, and the voice that runs, if any."""

    def __init__(self, token: str, claims: Claims) -> None:
        self.token = token
        self.claims = claims
        self.voice: LiveVoice | None = None
        self.ending = False
        self._warned = False

    def require_voice(self) -> LiveVoice:
        """The running voice. Raises `NoStreamError`."""
        if self.voice is None or self.ending:
            raise NoStreamError("No stream runs on this session; start one with stream.start.")
        return self.voice

    def renew(self, token: str, claims: Claims) -> None:
        """Go on with a fresh token."""
        self.token = token
        self.claims = claims
        self._warned = False

    def expired(self, unix_s: float) -> bool:
        """Whether the token is past its end."""
        return self.claims.expires_at_s <= unix_s

    def take_expiry_warning(self, unix_s: float, warning_s: float) -> int | None:
        """The seconds left, once, when the end of the token is nearer than `warning_s`."""
        left_s = self.claims.expires_at_s - unix_s
        if self._warned or left_s > warning_s:
            return None
        self._warned = True
        return max(0, int(left_s))

    def close(self) -> None:
        """Free the voice's slot."""
        voice, self.voice = self.voice, None
        if voice is not None:
            voice.close()
