"""Who gives way lets the loop look at its sockets."""

import gevent
from gevent import socket

from edge_server.transport.give_way import give_way


def test_whoever_waits_at_a_socket_has_a_turn() -> None:
    near, far = socket.socketpair()
    with near, far:
        waiting = gevent.spawn(far.recv, 1)
        give_way()
        near.send(b"x")
        for _ in range(3):
            give_way()
        assert waiting.value == b"x"
