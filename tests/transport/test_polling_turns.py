"""Bodies of one poller come in one after the other, with a rest behind each for the work that it made."""

import io
from collections.abc import Iterable
from time import monotonic, thread_time
from types import SimpleNamespace
from typing import Any

import gevent

from edge_server.transport.polling import PollingGate

WORK_S = 0.02
LONGEST_REST_S = 0.05


def test_bodies_of_a_poller_are_spread_by_their_work_and_others_do_not_wait() -> None:
    connections = {name: SimpleNamespace(session={}, upgraded=False) for name in ("busy", "other")}
    served_s: dict[str, list[float]] = {name: [] for name in connections}

    def serve(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        until_s = thread_time() + WORK_S
        while thread_time() < until_s:
            pass
        served_s[environ["QUERY_STRING"].removeprefix("sid=")].append(monotonic())
        start_response("200 OK", [])
        return [b"OK"]

    gate = PollingGate(serve, SimpleNamespace(sockets=connections), max_connections=8)

    def post(sid: str) -> list[bytes]:
        body = SimpleNamespace(read_whole=io.BytesIO(b"3").read)
        environ = {"PATH_INFO": "/socket.io/", "REQUEST_METHOD": "POST", "QUERY_STRING": f"sid={sid}"}
        return list(gate(environ | {"CONTENT_LENGTH": "1", "wsgi.input": body}, lambda status, headers: None))

    posts = [gevent.spawn(post, sid) for sid in ("busy", "busy", "busy", "other")]
    gevent.joinall(posts, timeout=60.0)
    assert [post.value for post in posts] == [[b"OK"]] * 4
    waits_s = [later - earlier for earlier, later in zip(served_s["busy"], served_s["busy"][1:], strict=False)]
    assert len(waits_s) == 2
    assert all(wait_s >= LONGEST_REST_S for wait_s in waits_s)
    assert served_s["other"][0] < served_s["busy"][1]
