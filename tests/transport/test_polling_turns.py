"""What a poller posts comes in a few packets at a time, with a rest behind them for the work that they made."""

import io
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from edge_server.transport.polling import PollingGate
from edge_server.transport.upload_gate import UploadGate
from tests.transport.loop_work import LoopWork

WORK_S = 0.02
LONGEST_REST_S = 0.05


class Served:
    """An application behind the gate that works on every body, keeps it, and refuses the one that it is told to."""

    def __init__(self, refused: bytes = b"") -> None:
        self.bodies: dict[str, list[bytes]] = {"busy": [], "other": []}
        self.work = {name: LoopWork(WORK_S) for name in self.bodies}
        self._refused = refused
        self.sockets = {name: SimpleNamespace(session={}, upgraded=False, closed=False) for name in self.bodies}
        self._gate = PollingGate(self._serve, SimpleNamespace(sockets=self.sockets), UploadGate(1, 1.0, 60.0), 8, 60.0)

    def post(self, sid: str, body: bytes) -> tuple[str, list[bytes]]:
        """The status and the answer of one request."""
        statuses: list[str] = []
        wsgi_input = SimpleNamespace(read_whole=io.BytesIO(body).read)
        environ = {"PATH_INFO": "/socket.io/", "REQUEST_METHOD": "POST", "QUERY_STRING": f"sid={sid}"}
        environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": wsgi_input}
        answer = list(self._gate(environ, lambda status, headers: statuses.append(status)))
        [status] = statuses
        return status, answer

    def _serve(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sid = environ["QUERY_STRING"].removeprefix("sid=")
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.bodies[sid].append(body)
        self.work[sid]()
        refused = body == self._refused
        start_response("400 Bad Request" if refused else "200 OK", [])
        return [b"no" if refused else b"OK"]


@pytest.mark.parametrize(
    ("posted", "parts"),
    [
        ([b"3", b"3", b"3"], [b"3", b"3", b"3"]),
        (
            [b"\x1e".join(b"3%d" % number for number in range(9))],
            [b"30\x1e31\x1e32\x1e33", b"34\x1e35\x1e36\x1e37", b"38"],
        ),
    ],
    ids=["three bodies", "one body of nine packets"],
)
def test_what_a_poller_posts_is_spread_by_its_work_and_others_do_not_wait(
    posted: list[bytes], parts: list[bytes]
) -> None:
    served = Served()
    posts = [gevent.spawn(served.post, "busy", body) for body in posted] + [gevent.spawn(served.post, "other", b"3")]
    gevent.joinall(posts, timeout=60.0)
    assert {(status, *answer) for status, answer in (post.value for post in posts)} == {("200 OK", b"OK")}
    assert served.bodies == {"busy": parts, "other": [b"3"]}
    busy, other = served.work["busy"], served.work["other"]
    assert all(wait_s >= LONGEST_REST_S for wait_s in busy.waits_s)
    assert other.done_s[0] < busy.done_s[1]


def test_behind_a_part_that_is_refused_nothing_of_its_body_comes_in() -> None:
    served = Served(refused=b"34\x1e35\x1e36\x1e37")
    assert served.post("busy", b"\x1e".join(b"3%d" % number for number in range(9))) == ("400 Bad Request", [b"no"])
    assert served.bodies["busy"] == [b"30\x1e31\x1e32\x1e33", b"34\x1e35\x1e36\x1e37"]


def test_what_comes_behind_the_end_of_a_connection_is_refused() -> None:
    # python-engineio still has it for a while, and would answer with a traceback.
    served = Served()
    served.sockets["busy"].closed = True
    status, _ = served.post("busy", b"1")
    assert (status[:3], served.bodies["busy"]) == ("400", [])
