"""A room and the people in it. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_server.auth.tokens import Claims
from edge_server.rate_limit import RateLimit
from edge_server.rooms.voice_queue import VoiceQueue

_MESSAGES_IN_A_ROW, _STATES_IN_A_ROW, _ROW_S = 5, 10, 5.0


class Seat(Protocol):
    """The way to one person. None of these calls may wait."""

    @property
    def waiting_packets(self) -> int:
        """How many packets wait for the person's device to read."""

    def emit(self, event: str, argument: Any) -> None:
        """Send one event."""

    def send_encoded(self, message: bytes) -> None:
        """Send the bytes of one Socket.IO packet."""


@dataclass(slots=True, eq=False)
class Member:
    """One person in a room."""

    member_id: str
    display_name: str
    claims: Claims
    seat: Seat
    queue: VoiceQueue
    listening: bool = True
    recording: bool = False
    dropped_told: int = 0
    messages: RateLimit = field(default_factory=lambda: RateLimit(_MESSAGES_IN_A_ROW, _ROW_S))
    states: RateLimit = field(default_factory=lambda: RateLimit(_STATES_IN_A_ROW, _ROW_S))


@dataclass(frozen=True, slots=True)
class Message:
    """What someone wrote; plain text. `at_ms` is Unix milliseconds."""

    number: int
    member_id: str
    display_name: str
    text: str
    at_ms: int

    def to_dict(self) -> dict[str, Any]:
        """The message as PROTOCOL.md, section 9, has it."""
        return {
            "number": self.number,
            "member_id": self.member_id,
            "display_name": self.display_name,
            "text": self.text,
            "at_ms": self.at_ms,
        }


@dataclass(frozen=True, slots=True)
class RoomVoice:
    """Who speaks, and what the packets hold."""

    member: Member
    sample_rate_hz: int
    packet_samples: int

    def to_dict(self) -> dict[str, Any]:
        """The voice as PROTOCOL.md, section 9, has it."""
        return {
            "member_id": self.member.member_id,
            "sample_rate_hz": self.sample_rate_hz,
            "packet_samples": self.packet_samples,
        }


@dataclass(slots=True, eq=False)
class Room:
    """One room: its people by their id, its voice, and its last messages. Times are Unix milliseconds."""

    room_id: str
    name: str
    host: str
    opened_at_ms: int
    expires_at_ms: int
    messages: deque[Message]
    members: dict[str, Member] = field(default_factory=dict)
    voice: RoomVoice | None = None
    invitation_ids: list[str] = field(default_factory=list)
    empty_since_ms: int | None = None
    message_count: int = 0

    def tell(self, event: str, argument: Any) -> None:
        """Send an event to everyone."""
        for member in self.members.values():
            member.seat.emit(event, argument)

    def tell_presence(self) -> None:
        """Let everyone see who is here, and does what."""
        for member in self.members.values():
            member.dropped_told = member.queue.dropped
        self.tell("room.presence", {"members": self.presence()})

    def presence(self) -> list[dict[str, Any]]:
        """Who is here, and does what."""
        return [self._described(member) for member in self.members.values()]

    def is_host(self, member: Member) -> bool:
        """Whether this person has opened the room, now or over an earlier connection."""
        return member.claims.subject == self.host

    def to_dict(self) -> dict[str, Any]:
        """The room as PROTOCOL.md, section 9, has it."""
        return {
            "room_id": self.room_id,
            "name": self.name,
            "opened_at_ms": self.opened_at_ms,
            "expires_at_ms": self.expires_at_ms,
            "members": self.presence(),
            "voice": None if self.voice is None else self.voice.to_dict(),
        }

    def _described(self, member: Member) -> dict[str, Any]:
        return {
            "member_id": member.member_id,
            "display_name": member.display_name,
            "role": member.claims.role,
            "host": self.is_host(member),
            "speaking": self.voice is not None and self.voice.member is member,
            "listening": member.listening,
            "recording": member.recording,
            "dropped_packets": member.queue.dropped,
        }
