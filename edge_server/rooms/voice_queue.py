"""The voice on its way to one listener: bounded, the oldest packets make way. Pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from edge_server.transport.packets import FLAG_LEFT_OUT, FLAGS_OFFSET


class WireVoice(NamedTuple):
    """One packet as the listeners get it: `whole` is the message of the wire, which holds the packet from `start` on."""

    whole: bytes
    start: int


class VoiceQueue:
    """Up to `max_packets` packets wait; `dropped` counts what was left out, and the packet after it is marked."""

    __slots__ = ("_max_packets", "_packets", "dropped", "gap")

    def __init__(self, max_packets: int) -> None:
        self._max_packets = max_packets
        self._packets: deque[WireVoice] = deque()
        self.dropped = 0
        self.gap = False

    def __len__(self) -> int:
        return len(self._packets)

    def push(self, packet: WireVoice) -> None:
        """Let a packet wait, and the oldest make way for it."""
        if len(self._packets) >= self._max_packets:
            self._packets.popleft()
            self.dropped += 1
            # What makes way is the oldest, so the gap is always right before the first that waits.
            self.gap = True
        self._packets.append(packet)

    def next(self) -> bytes:
        """The message to be sent next."""
        packet = self._packets.popleft()
        if not self.gap:
            return packet.whole
        self.gap = False
        return marked(packet)

    def clear(self) -> None:
        """Let nothing wait any more; it is not counted as left out."""
        self._packets.clear()
        self.gap = False


def marked(packet: WireVoice) -> bytes:
    """The message with the flag that says that packets before it were left out."""
    message = bytearray(packet.whole)
    message[packet.start + FLAGS_OFFSET] |= FLAG_LEFT_OUT
    return bytes(message)
