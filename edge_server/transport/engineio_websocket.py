"""The WebSocket below python-engineio."""

from __future__ import annotations

from edge_server.transport.websocket import BoundedWebSocket

_EMPTY_PACKETS = frozenset("156")
_LONGEST_PING = 32
# Neither parser of Socket.IO takes this for a packet; both answer it as a malformed message.
_NO_PACKET = b"\xc1"


class EngineIoWebSocket(BoundedWebSocket):
    """A WebSocket below python-engineio, which fails on texts that are no packet outside its own error handling."""

    def admissible(self, text: str) -> str | bytes | None:
        """The text if it is a packet of Engine.IO that a client may send."""
        if text[:1] == "4":
            return text if text[1:2].isdecimal() else _NO_PACKET
        is_ping = text[:1] in ("2", "3") and len(text) <= _LONGEST_PING
        return text if text in _EMPTY_PACKETS or is_ping else None
