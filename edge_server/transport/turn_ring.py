"""Those who have sent more than is read at once, in turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import thread_time
from typing import Any

_ROUND_S = 0.001
_INTERVAL_S = 0.01


class TurnRing:
    """Lets those who have more read on: whose last turn was nothing but audio once in 10 ms each, all others in one line.

    The line has a tenth of the loop's time, however many stand in it, counted by the time of the loop's thread; audio has
    limits of its own, and who catches up on a stall cannot wait behind a flood. The loop looks at all sockets between two
    rounds. Thread: the network loop's.
    """

    def __init__(self, loop: Any) -> None:
        self._audio: list[Callable[[], None]] = []
        self._line: deque[Callable[[], None]] = deque()
        # One that repeats: a timer that fired once has no time left when it is started again.
        self._next_round = loop.timer(0.0, repeat=_INTERVAL_S)

    @property
    def is_crowded(self) -> bool:
        """Whether somebody stands in the line."""
        return bool(self._line)

    def join(self, turn: Callable[[], None], is_audio: bool) -> None:
        """Call `turn` once, in a round that is to come; it must not wait, and may join again."""
        (self._audio if is_audio else self._line).append(turn)
        if not self._next_round.active:
            # Not a callback of this round: those all run before the loop looks at any other connection.
            self._next_round.again(self._serve)

    def _serve(self) -> None:
        audio, self._audio = self._audio, []
        for turn in audio:
            turn()
        until_s = thread_time() + _ROUND_S
        while self._line and thread_time() < until_s:
            self._line.popleft()()
        if not (self._line or self._audio):
            self._next_round.stop()
