"""A client's turns at the network loop, spread by the work that they make."""

from __future__ import annotations

from time import monotonic, thread_time

from edge_server.transport.loop_share import LoopShare

_SHARE, _BURST_S, _LONGEST_REST_S = 0.05, 0.002, 0.1


class LoopTurns:
    """Says how long one connection rests after each turn, so that it has a twentieth of the loop's time in the long run.

    A turn is what the loop's thread did meanwhile: to wait for Python's lock or for the processor is not the client's doing.
    What others did while the turn itself waited counts too; the longest rest bounds that. Thread: the network loop's.
    """

    __slots__ = ("_began_s", "_share")

    def __init__(self) -> None:
        self._share = LoopShare(_SHARE, _BURST_S, _LONGEST_REST_S)
        self._began_s: float | None = None

    def begin(self) -> None:
        """Begin a turn."""
        self._began_s = thread_time()

    def end(self) -> float:
        """End the turn, if one was begun, and give how long to rest."""
        if self._began_s is None:
            return 0.0
        used_s, self._began_s = thread_time() - self._began_s, None
        return self._share.rest_s(used_s, monotonic())
