"""What happens on the box, as it happens. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_server.errors import HushboxError

EVENTS_KEPT = 200
_REFUSALS_APART_S = 1.0


@dataclass(frozen=True, slots=True)
class BoxEvent:
    """One thing that happened: `kind` is stable, `text` a sentence, `at_ms` Unix milliseconds."""

    number: int
    at_ms: int
    kind: str
    text: str
    fields: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The event as PROTOCOL.md, section 10, has it."""
        return {
            "number": self.number,
            "at_ms": self.at_ms,
            "kind": self.kind,
            "text": self.text,
            "fields": self.fields,
        }


class EventFeed:
    """Keeps the last events and tells the listeners, none of which may wait.

    `unix_clock` gives Unix seconds, `clock` never goes back. Thread: the network loop's.
    """

    def __init__(self, unix_clock: Callable[[], float], clock: Callable[[], float]) -> None:
        self.listeners: list[Callable[[BoxEvent], None]] = []
        self._unix_clock = unix_clock
        self._clock = clock
        self._events: deque[BoxEvent] = deque(maxlen=EVENTS_KEPT)
        self._number = 0
        self._refused_at_s: dict[str, float] = {}

    def publish(self, kind: str, text: str, **fields: Any) -> None:
        """Something has happened."""
        self._number += 1
        event = BoxEvent(self._number, round(1000 * self._unix_clock()), kind, text, fields)
        self._events.append(event)
        for listener in self.listeners:
            listener(event)

    def publish_refusal(self, error: HushboxError) -> None:
        """Someone was refused; of each code, one a second is told, for a flood of them is one event."""
        now_s = self._clock()
        if now_s - self._refused_at_s.get(error.code, -math.inf) >= _REFUSALS_APART_S:
            self._refused_at_s[error.code] = now_s
            self.publish("client.refused", f"A client was refused: {error.code}.", code=error.code)

    def recent(self) -> list[BoxEvent]:
        """The last events, oldest first."""
        return list(self._events)
