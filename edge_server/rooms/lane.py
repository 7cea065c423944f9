"""The Socket.IO namespace /rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_server.auth.tokens import LISTENER, OWNER, SPEAKER
from edge_server.errors import BadRequestError, NotInRoomError
from edge_server.rooms.desk import RoomDesk
from edge_server.rooms.room import Member, Room
from edge_server.transport.fields import choice, flag, text
from edge_server.transport.namespace_lane import Answer, LaneContext, NamespaceLane, Participant
from edge_server.transport.socketio_packet import ROOMS_NAMESPACE

_MAX_NAME_CHARACTERS = 40
_MAX_TEXT_CHARACTERS = 1000


class RoomsLane:
    """Answers the events about rooms; each connection is in one room at a time."""

    def __init__(self, context: LaneContext, desk: RoomDesk) -> None:
        self._desk = desk
        self._places: dict[Participant, tuple[Room, Member]] = {}
        handlers = {
            "room.open": self._open,
            "room.join": self._join,
            "room.leave": self._leave,
            "room.close": self._close,
            "room.invite": self._invite,
            "room.state": self._state,
            "room.speak": self._speak,
            "room.silence": self._silence,
            "room.chat": self._chat,
        }
        roles = (SPEAKER, LISTENER, OWNER)
        self.lane = NamespaceLane(context, ROOMS_NAMESPACE, roles, handlers, context.settings.max_message_bytes)
        self.lane.on_left = self._vacate

    def _open(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        name, display_name = _name(fields, "name"), _name(fields, "display_name")
        self._vacate(participant)
        self._desk.end_left_by(participant.device)
        room, member = self._desk.open(participant.grant.claims, name, display_name, participant.link)
        # Both wait for the disk: the same connection may have come into another room meanwhile.
        self._vacate(participant)
        self._places[participant] = (room, member)
        # To make place for a room waits for the disk; who went meanwhile had no place yet that could have been vacated.
        if not self.lane.has(participant):
            self._vacate(participant)
            raise NotInRoomError("This connection has ended meanwhile.")
        invitation = self._desk.invite(room, member, LISTENER)
        return {"room": room.to_dict(), "member_id": member.member_id, "invitation": invitation}

    def _join(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        display_name = _name(fields, "display_name")
        room_id = participant.grant.claims.room_id if fields.get("room_id") is None else text(fields, "room_id")
        if room_id is None:
            raise BadRequestError("room_id is missing.")
        self._vacate(participant)
        room, member = self._desk.join(participant.grant.claims, room_id, display_name, participant.link)
        self._places[participant] = (room, member)
        messages = [message.to_dict() for message in room.messages]
        return {"room": room.to_dict(), "member_id": member.member_id, "messages": messages}

    def _leave(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._place(participant)
        self._vacate(participant)
        return {}

    def _close(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._desk.close(*self._place(participant))
        return {}

    def _invite(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        role = choice(fields, "role", (LISTENER, SPEAKER))
        return {"invitation": self._desk.invite(*self._place(participant), role)}

    def _state(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        listening = flag(fields, "listening", False) if "listening" in fields else None
        recording = flag(fields, "recording", False) if "recording" in fields else None
        self._desk.set_state(*self._place(participant), listening, recording)
        return {}

    def _speak(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._desk.speak(*self._place(participant), text(fields, "stream_id"))
        return {}

    def _silence(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        self._desk.silence(*self._place(participant))
        return {}

    def _chat(self, participant: Participant, fields: Mapping[str, Any]) -> Answer:
        place = self._place(participant)
        said = "".join(letter for letter in text(fields, "text") if letter.isprintable() or letter == "\n").strip()
        if not 1 <= len(said) <= _MAX_TEXT_CHARACTERS:
            raise BadRequestError(f"text has to have 1 to {_MAX_TEXT_CHARACTERS} characters.")
        return {"message": self._desk.chat(*place, said).to_dict()}

    def _place(self, participant: Participant) -> tuple[Room, Member]:
        place = self._places.get(participant)
        if place is None or not self._desk.has(*place):
            raise NotInRoomError("Join a room first.")
        return place

    def _vacate(self, participant: Participant) -> None:
        place = self._places.pop(participant, None)
        if place is not None:
            self._desk.leave(*place)


def _name(fields: Mapping[str, Any], name: str) -> str:
    value = text(fields, name).strip()
    if not 1 <= len(value) <= _MAX_NAME_CHARACTERS or not value.isprintable():
        raise BadRequestError(f"{name} has to be 1 to {_MAX_NAME_CHARACTERS} printable characters.")
    return value
