"""Letting the others of the network loop have their turn between two pieces of one client's work."""

import gevent

_TURN_S = 0.001


def give_way(at_least_s: float = 0.0) -> None:
    """Sleep until the loop has looked at every socket again, and so many seconds at least.

    Never for nothing: gevent runs who sleeps 0 s again and again, for 5 ms, before it looks at sockets.
    """
    gevent.sleep(max(at_least_s, _TURN_S))
