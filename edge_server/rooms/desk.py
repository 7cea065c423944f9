"""What people may do with rooms."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from edge_server.auth.front_desk import FrontDesk
from edge_server.auth.tokens import OWNER, SPEAKER, Claims
from edge_server.box.event_feed import EventFeed
from edge_server.config import Settings
from edge_server.errors import (
    NoStreamError,
    NotFoundError,
    NotInRoomError,
    RoleForbiddenError,
    RoomBusyError,
    RoomFullError,
)
from edge_server.rooms.broadcast import Broadcast, flush
from edge_server.rooms.room import Member, Message, Room, RoomVoice, Seat
from edge_server.rooms.voice_queue import VoiceQueue
from edge_server.sessions.live_voice import LiveVoice
from edge_server.store.invitations import InvitationRequest


class RoomDesk:
    """Opens and closes rooms, lets people in and out, and gives them the voice.

    `find_voice` gives the live voice of a device by its stream's id, or None. `clock` never goes back, `unix_clock` gives
    Unix seconds. Thread: the network loop's.
    """

    def __init__(
        self,
        settings: Settings,
        front_desk: FrontDesk,
        feed: EventFeed,
        find_voice: Callable[[str, str], LiveVoice | None],
        clock: Callable[[], float],
        unix_clock: Callable[[], float],
    ) -> None:
        self.max_rooms = settings.max_rooms
        self.max_members = settings.max_room_members
        self._settings = settings
        self._front_desk = front_desk
        self._feed = feed
        self._find_voice = find_voice
        self._clock = clock
        self._unix_clock = unix_clock
        self._rooms: dict[str, Room] = {}
        self._voices: dict[str, LiveVoice] = {}

    def __len__(self) -> int:
        """The number of rooms."""
        return len(self._rooms)

    @property
    def listeners(self) -> int:
        """How many people hear a voice now."""
        speakers = [(room, room.voice.member) for room in self._rooms.values() if room.voice is not None]
        return sum(
            member.listening and member is not voice for room, voice in speakers for member in room.members.values()
        )

    def open(self, claims: Claims, name: str, display_name: str, seat: Seat) -> tuple[Room, Member]:
        """A new room with its host in it. Raises `RoleForbiddenError` and `RoomFullError`. Waits for the disk."""
        claims.require_role(SPEAKER, OWNER)
        if claims.room_id is not None:
            raise RoleForbiddenError("This token is good for one room only.")
        self._make_place()
        now_ms = self._now_ms()
        ends_ms = now_ms + 1000 * self._settings.room_ttl_s
        room = Room(
            f"r-{secrets.token_hex(8)}",
            name,
            claims.subject,
            now_ms,
            ends_ms,
            deque(maxlen=self._settings.max_room_messages),
        )
        self._rooms[room.room_id] = room
        self._feed.publish("room.opened", "A room was opened.", rooms=len(self._rooms))
        return room, self._admit(room, claims, display_name, seat)

    def end_left_by(self, host: str) -> None:
        """End the rooms that a host has left with nobody in them. Waits for the disk."""
        for room in [room for room in self._rooms.values() if room.host == host and not room.members]:
            self.end(room, "empty")

    def join(self, claims: Claims, room_id: str, display_name: str, seat: Seat) -> tuple[Room, Member]:
        """Let someone into a room. Raises `NotFoundError`, `RoleForbiddenError` and `RoomFullError`."""
        if claims.room_id not in (None, room_id):
            raise RoleForbiddenError("This token is good for another room.")
        room = self._rooms.get(room_id)
        if room is None:
            raise NotFoundError("There is no such room, or it has closed.")
        self._move(room, claims, display_name)
        if len(room.members) >= self.max_members:
            raise RoomFullError(f"{len(room.members)} of {self.max_members} people are in this room already.")
        return room, self._admit(room, claims, display_name, seat)

    def leave(self, room: Room, member: Member) -> None:
        """Let someone out; if it was the voice, nobody speaks then."""
        if room.members.pop(member.member_id, None) is None:
            return
        self._hush(room, member)
        if not room.members:
            room.empty_since_ms = self._now_ms()
        room.tell_presence()

    def invite(self, room: Room, member: Member, role: str) -> dict[str, Any]:
        """An invitation to the room, with its code. Raises `RoleForbiddenError` and `NotInRoomError`. Waits for the disk."""
        self._require_host(room, member)
        left_s = max(1, (room.expires_at_ms - self._now_ms()) // 1000)
        request = InvitationRequest(role, left_s, 0, room.name, room.room_id)
        invitation = self._front_desk.invite(request)
        if room.room_id not in self._rooms:
            self._front_desk.withdraw(invitation["invitation_id"])
            raise NotInRoomError("This room has ended meanwhile.")
        room.invitation_ids.append(invitation["invitation_id"])
        return invitation

    def set_state(self, room: Room, member: Member, listening: bool | None, recording: bool | None) -> None:
        """Let everyone see whether someone listens and records. Raises `TooFastError`."""
        member.states.take(self._clock())
        if listening is not None:
            member.listening = listening
            if not listening:
                member.queue.clear()
        if recording is not None:
            member.recording = recording
        room.tell_presence()

    def speak(self, room: Room, member: Member, stream_id: str) -> None:
        """Let the room hear a live voice of this person's. Raises `RoleForbiddenError`, `RoomBusyError` and `NoStreamError`."""
        member.claims.require_role(SPEAKER, OWNER)
        if room.voice is not None and room.voice.member.claims.subject != member.claims.subject:
            raise RoomBusyError("Someone else speaks in this room.")
        voice = self._find_voice(member.claims.subject, stream_id)
        if voice is None:
            raise NoStreamError("No stream of this device has this id.")
        if voice.audience is not None and self._voices.get(room.room_id) is not voice:
            raise RoomBusyError("This voice is heard in another room.")
        if room.voice is not None:
            self._hush(room, room.voice.member)
        voice.audience = Broadcast(room, member)
        voice.on_silent = lambda: self.silence(room, member)
        self._voices[room.room_id] = voice
        room.voice = RoomVoice(member, voice.sample_rate_hz, voice.packet_samples)
        room.tell("room.voice", room.voice.to_dict())
        room.tell_presence()

    def silence(self, room: Room, member: Member) -> None:
        """Let the room hear this person no more."""
        if self._hush(room, member):
            room.tell_presence()

    def chat(self, room: Room, member: Member, text: str) -> Message:
        """Say something in writing. Raises `TooFastError`."""
        member.messages.take(self._clock())
        room.message_count += 1
        message = Message(room.message_count, member.member_id, member.display_name, text, self._now_ms())
        room.messages.append(message)
        room.tell("room.message", message.to_dict())
        return message

    def close(self, room: Room, member: Member) -> None:
        """End a room. Raises `RoleForbiddenError`. Waits for the disk."""
        self._require_host(room, member)
        self.end(room, "closed")

    def end(self, room: Room, reason: str) -> None:
        """End a room for this reason. Waits for the disk."""
        if self._rooms.pop(room.room_id, None) is None:
            return
        if room.voice is not None:
            self._hush(room, room.voice.member)
        room.tell("room.closed", {"reason": reason})
        room.members.clear()
        self._feed.publish("room.closed", f"A room ended: {reason}.", rooms=len(self._rooms), reason=reason)
        for invitation_id in room.invitation_ids:
            self._front_desk.withdraw(invitation_id)

    def end_all(self, reason: str) -> None:
        """End every room."""
        for room in list(self._rooms.values()):
            self.end(room, reason)

    def sweep(self) -> None:
        """End the rooms whose time is over, send what still waits, and tell whose packets were left out."""
        now_ms = self._now_ms()
        for room in list(self._rooms.values()):
            if room.expires_at_ms <= now_ms:
                self.end(room, "expired")
            elif room.empty_since_ms is not None and now_ms - room.empty_since_ms >= 1000 * self._settings.room_empty_s:
                self.end(room, "empty")
            else:
                self._refresh(room)

    def has(self, room: Room, member: Member) -> bool:
        """Whether a room has not ended, and this person is in it."""
        return room.room_id in self._rooms and member.member_id in room.members

    def _make_place(self) -> None:
        """Let a new room in: among as many as there may be, the one that is empty for the longest time ends."""
        while len(self._rooms) >= self.max_rooms:
            empty = [room for room in self._rooms.values() if not room.members]
            if not empty:
                raise RoomFullError(f"There are {len(self._rooms)} of {self.max_rooms} rooms already.")
            self.end(min(empty, key=lambda room: room.empty_since_ms or 0), "empty")

    def _move(self, room: Room, claims: Claims, display_name: str) -> None:
        """Let go of the place of someone who comes in again, whose broken connection nobody has noticed yet."""
        for member in list(room.members.values()):
            if (member.claims.subject, member.display_name) == (claims.subject, display_name):
                member.seat.emit("room.closed", {"reason": "moved"})
                self.leave(room, member)

    def _admit(self, room: Room, claims: Claims, display_name: str, seat: Seat) -> Member:
        queue = VoiceQueue(self._settings.room_backlog_packets)
        member = Member(f"m-{secrets.token_hex(4)}", display_name, claims, seat, queue)
        room.members[member.member_id] = member
        room.empty_since_ms = None
        room.tell_presence()
        return member

    def _refresh(self, room: Room) -> None:
        for member in room.members.values():
            flush(member)
        if any(member.queue.dropped != member.dropped_told for member in room.members.values()):
            room.tell_presence()

    def _hush(self, room: Room, member: Member) -> bool:
        if room.voice is None or room.voice.member is not member:
            return False
        voice = self._voices.pop(room.room_id)
        voice.audience, voice.on_silent = None, lambda: None
        room.voice = None
        room.tell("room.voice", None)
        return True

    def _require_host(self, room: Room, member: Member) -> None:
        if not room.is_host(member) and member.claims.role != OWNER:
            raise RoleForbiddenError("Only who has opened the room may do this.")

    def _now_ms(self) -> int:
        return round(1000 * self._unix_clock())
