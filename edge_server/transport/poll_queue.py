"""What waits for a client of python-engineio: fetched a bounded answer at a time, the oldest audio first to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from engineio import packet
from gevent.queue import Empty, JoinableQueue

from edge_server.transport.outbox import nothing

MAX_ANSWER_PACKETS = 16
"""Of Engine.IO, in one answer: what python-engineio's own client takes at most."""


class _FirstOfAudio(packet.Packet):  # type: ignore[misc]
    """The first message of a packet of audio, which is dropped with the `parts` of it that follow."""


class PollQueue(JoinableQueue):  # type: ignore[misc]
    """The Engine.IO messages for one client, in order; None is the end.

    python-engineio waits for the first message of an answer and then takes more without waiting, as long as there are
    any. `on_dropped` hears of every packet of audio that is dropped. Thread: the network loop's.
    """

    def __init__(self) -> None:
        super().__init__()
        self._room = 0
        self.on_dropped: Callable[[], None] = nothing

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """The next message. Raises `Empty`, also where one more does not fit into the answer."""
        if not block and self._room < self._parts_of_next():
            raise Empty
        message = super().get(block, timeout)
        self._room = (MAX_ANSWER_PACKETS if block else self._room) - 1
        return message

    def put_message(self, parts: Sequence[str | bytes], is_audio: bool) -> None:
        """Let a message of Socket.IO wait, all parts of it."""
        first = (_FirstOfAudio if is_audio else packet.Packet)(packet.MESSAGE, parts[0])
        first.parts = len(parts)
        self.put(first)
        for part in parts[1:]:
            self.put(packet.Packet(packet.MESSAGE, part))

    def drop_oldest_audio(self) -> bool:
        """Drop the oldest whole packet of audio; whether there was one."""
        for index, waiting in enumerate(self.queue):
            if isinstance(waiting, _FirstOfAudio):
                for _ in range(waiting.parts):
                    del self.queue[index]
                    self.task_done()
                self.on_dropped()
                return True
        return False

    def drop_audio(self) -> None:
        """Drop all whole packets of audio."""
        while self.drop_oldest_audio():
            pass

    def forget(self) -> None:
        """Let go of who hears of dropped audio."""
        self.on_dropped = nothing

    def bytes_beside_the_largest(self) -> int:
        """How many bytes wait, beside the largest message."""
        sizes = list(self._sizes())
        return sum(sizes) - max(sizes, default=0)

    def _sizes(self) -> Iterator[int]:
        for waiting in self.queue:
            if waiting is not None:
                yield len(waiting.data or b"")

    def _parts_of_next(self) -> int:
        return getattr(self.queue[0], "parts", 1) if self.queue else 1
