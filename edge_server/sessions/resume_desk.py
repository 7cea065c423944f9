"""Streams whose client may come back after its connection broke. Pure."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from edge_server.errors import ResumeFailedError
from edge_server.sessions.live_voice import LiveVoice


@dataclass(slots=True, eq=False)
class Resumable:
    """A voice with what its client has to show; `until_s` is None while a connection has it.

    `let_go` takes the voice from that connection.
    """

    key: str
    voice: LiveVoice
    let_go: Callable[[], None]
    until_s: float | None = None


class ResumeDesk:
    """Keeps the voices of clients that went away for `grace_s`. Thread: the network loop's.

    `on_expired` gets the voices that nobody came back for; it has to close them.
    """

    def __init__(self, grace_s: float, clock: Callable[[], float], on_expired: Callable[[LiveVoice], None]) -> None:
        self.grace_s = grace_s
        self._clock = clock
        self._on_expired = on_expired
        self._entries: dict[str, Resumable] = {}

    @property
    def parked(self) -> int:
        """How many voices wait for their client."""
        return sum(entry.until_s is not None for entry in self._entries.values())

    def offer(self, voice: LiveVoice, let_go: Callable[[], None]) -> Resumable:
        """Let a voice outlive its connection."""
        entry = Resumable(secrets.token_hex(16), voice, let_go)
        self._entries[voice.stream_id] = entry
        return entry

    def withdraw(self, entry: Resumable) -> None:
        """Let a voice end with its connection. Withdrawing twice does nothing."""
        self._entries.pop(entry.voice.stream_id, None)

    def park(self, entry: Resumable) -> None:
        """Keep the voice of a connection that broke."""
        entry.until_s = self._clock() + self.grace_s
        entry.voice.park()

    def resume(self, stream_id: str, key: str, let_go: Callable[[], None]) -> Resumable:
        """Give a voice to another connection. Raises `ResumeFailedError`."""
        entry = self._entries.get(stream_id)
        if entry is None or not hmac.compare_digest(entry.key.encode(), key.encode(errors="replace")):
            raise ResumeFailedError("There is no such stream to go on with; start a new one.")
        if entry.until_s is None:
            entry.let_go()
        elif entry.until_s <= self._clock():
            self._expire(entry)
            raise ResumeFailedError("The time to go on with this stream is over; start a new one.")
        entry.until_s, entry.let_go = None, let_go
        return entry

    def sweep(self) -> None:
        """Let go of those who did not come back in time."""
        now_s = self._clock()
        for entry in list(self._entries.values()):
            if entry.until_s is not None and entry.until_s <= now_s:
                self._expire(entry)

    def close(self) -> None:
        """Let go of everyone who is away."""
        for entry in list(self._entries.values()):
            if entry.until_s is not None:
                self._expire(entry)

    def _expire(self, entry: Resumable) -> None:
        self.withdraw(entry)
        self._on_expired(entry.voice)
