"""Those who have sent more than is read at once, in turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import thread_time
from typing import Any

_ROUND_S = 0.001
_INTERVAL_S = 0.01


class TurnRing:
    """Lets those who have more read on, one after the other: together for a tenth of the loop's time, however many they are.

    Counted by the time of the loop's thread, and with a look at all sockets between two rounds. Thread: the network loop's.
    """

    def __init__(self, loop: Any) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        # One that repeats: a timer that fired once has no time left when it is started again.
        self._next_round = loop.timer(0.0, repeat=_INTERVAL_S)

    def __len__(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    def join(self, turn: Callable[[], None]) -> None:
        """Call `turn` once, behind everyone who waits already; it must not wait, and may join again."""
        self._waiting.append(turn)
        if not self._next_round.active:
            # Not a callback of this round: those all run before the loop looks at any other connection.
            self._next_round.again(self._serve)

    def _serve(self) -> None:
        until_s = thread_time() + _ROUND_S
        while self._waiting and thread_time() < until_s:
            self._waiting.popleft()()
        if not self._waiting:
            self._next_round.stop()
