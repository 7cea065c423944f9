"""The voice of a room to everyone who listens: encoded once, never waited for."""

from __future__ import annotations

from edge_server.rooms.room import Member, Room
from edge_server.rooms.voice_queue import WireVoice
from edge_server.transport.packets import KIND_AUDIO, KIND_TAIL, AudioPacket, encode_packet
from edge_server.transport.socketio_packet import ROOMS_NAMESPACE, encode_event

_IN_FLIGHT_PACKETS = 8
"""So many may wait in a listener's connection; more wait in its queue, where the oldest make way."""


class Broadcast:
    """Hears one voice, and passes it on to a room. Thread: the network loop's."""

    def __init__(self, room: Room, speaker: Member) -> None:
        self._room = room
        self._speaker = speaker

    def hear(self, packet: AudioPacket) -> None:
        """Pass one packet on."""
        if packet.kind not in (KIND_AUDIO, KIND_TAIL):
            return
        data = encode_packet(packet)
        message = encode_event("voice", data, ROOMS_NAMESPACE)
        voice = WireVoice(message, message.index(data))
        for member in self._room.members.values():
            if member.listening and member is not self._speaker:
                member.queue.push(voice)
                flush(member)


def flush(member: Member) -> None:
    """Send what waits for a listener, as far as its connection takes it now."""
    while len(member.queue) and member.seat.waiting_packets < _IN_FLIGHT_PACKETS:
        member.seat.send_encoded(member.queue.next())
