"""Clients that do wrong to /jobs, /rooms and /box; someone speaks meanwhile and hears nothing of it."""

import json
from typing import Any

import msgpack
import pytest

from edge_server.transport.websocket_frames import BINARY
from tests.jobs.rest import Rest
from tests.raw_client import ACK, CONNECT, CONNECT_ERROR, EVENT, RawClient
from tests.running_box import Box, wait_until
from tests.security.conftest import WatchedBox
from tests.transport.test_websocket_frames import masked

pytestmark = pytest.mark.usefixtures("bystander")
NAMESPACES = ["/jobs", "/rooms", "/box"]


def join(client: RawClient, namespace: str, token: Any) -> dict[str, Any]:
    client.send({"type": CONNECT, "nsp": namespace, "data": {"token": token}})
    return client.receive()


def ask(client: RawClient, namespace: str, *event: Any) -> dict[str, Any]:
    client.send({"type": EVENT, "nsp": namespace, "data": list(event), "id": 7})
    while (answer := client.receive())["type"] != ACK:
        pass
    assert answer["nsp"] == namespace
    return dict(answer["data"][0])


@pytest.mark.parametrize("namespace", NAMESPACES)
@pytest.mark.parametrize("token", [None, "", "nonsense", 7, {"role": "owner"}])
def test_no_namespace_opens_without_a_good_token(box: Box, namespace: str, token: Any) -> None:
    with RawClient(box) as client:
        answer = join(client, namespace, token)
        assert answer["type"] == CONNECT_ERROR
        assert answer["data"]["data"]["code"] in ("token_missing", "token_invalid")
        # Never admitted anywhere, so the connection ends like any other that shows no token.
        assert client.closed_by_box()


@pytest.mark.parametrize("argument", [None, 7, "text", [], [1, 2], b"\x00\x01", {"job_id": None}, {"job_id": {"a": 1}}])
@pytest.mark.parametrize("event", ["job.create", "job.chunk", "job.get", "job.log", "job.again", "job.delete"])
def test_nonsense_about_jobs_is_refused(box: Box, event: str, argument: Any) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        assert ask(client, "/jobs", event, argument)["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    "job_id", ["../../etc/passwd", "..", "", "j-" + "x" * 5000, "\x00", "' OR 1=1 --", "%2e%2e%2f"]
)
def test_no_job_id_leads_out_of_the_folder(box: Box, job_id: str) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        chunk = {"job_id": job_id, "offset": 0, "data": b"RIFF12345678"}
        assert ask(client, "/jobs", "job.chunk", chunk)["error"]["code"] == "not_found"
        assert ask(client, "/jobs", "job.delete", {"job_id": job_id})["error"]["code"] == "not_found"


def test_numbers_out_of_all_range_are_refused(box: Box) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        job_id = ask(client, "/jobs", "job.create", {"name": "a.wav", "size_bytes": 100})["job"]["job_id"]
        for offset in (-1, 2**63, -(2**63), True, 1.5):
            answer = ask(client, "/jobs", "job.chunk", {"job_id": job_id, "offset": offset, "data": b"x" * 20})
            assert answer["error"]["code"] in ("bad_request", "chunk_out_of_place")
        for size in (-5, 2**63, 1e300):
            answer = ask(client, "/jobs", "job.create", {"name": "a.wav", "size_bytes": size})
            assert answer["error"]["code"] in ("bad_request", "file_empty", "file_too_large")
        assert ask(client, "/jobs", "job.log", {"job_id": job_id, "after": 2**62})["entries"] == []


def test_unknown_events_are_told(box: Box) -> None:
    with RawClient(box) as client:
        join(client, "/rooms", box.token())
        for event in ("audio", "clip", "__init__", "x" * 1000):
            assert ask(client, "/rooms", event, {})["error"]["code"] == "unknown_event"


@pytest.mark.parametrize("name", ["*", "connect", "disconnect", "\x00malformed", ""])
def test_names_that_mean_something_to_the_library_mean_nothing_from_outside(box: Box, name: str) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        for arguments in ([], [{}], [1, 2, 3]):
            client.send({"type": EVENT, "nsp": "/jobs", "data": [name, *arguments]})
            client.send({"type": EVENT, "nsp": "/jobs", "data": [name, *arguments], "id": 3})
        assert ask(client, "/jobs", "job.list", {}) is not None
        assert box.service.connections.sessions()


def test_a_message_larger_than_a_chunk_ends_the_connection(box: Box) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        client.send({"type": EVENT, "nsp": "/jobs", "data": ["job.chunk", {"data": bytes(1024 * 1024)}]})
        assert client.closed_by_box()


def test_a_namespace_is_joined_once(box: Box) -> None:
    with RawClient(box) as client:
        join(client, "/jobs", box.token())
        assert join(client, "/jobs", box.token())["type"] == CONNECT_ERROR
        assert ask(client, "/jobs", "job.list", {})["ok"]


def test_events_without_joining_do_nothing(box: Box) -> None:
    with RawClient(box) as client:
        join(client, "/rooms", box.token())
        client.send({"type": EVENT, "nsp": "/jobs", "data": ["job.list", {}], "id": 1})
        client.send({"type": EVENT, "nsp": "/box", "data": ["box.get", {}], "id": 2})
        assert ask(client, "/rooms", "room.leave", {})["error"]["code"] == "not_in_room"


def test_a_flood_of_events_is_refused_and_its_sender_may_stay(watched_box: WatchedBox) -> None:
    count = 64
    with watched_box(max_unanswered_events=4) as box, RawClient(box) as client:
        join(client, "/jobs", box.token())
        events = [{"type": EVENT, "nsp": "/jobs", "data": ["job.list", {}], "id": number} for number in range(count)]
        # In one piece: the box takes 16 of them before it answers any.
        client.websocket.sock.sendall(b"".join(masked(BINARY, msgpack.packb(event)) for event in events))
        answers = [client.receive()["data"][0] for _ in events]
        refused = [answer["error"]["code"] for answer in answers if not answer["ok"]]
        assert set(refused) == {"too_fast"}
        assert len(refused) <= count - 4
        assert ask(client, "/jobs", "job.list", {})["ok"]


def test_who_leaves_in_the_middle_of_everything_leaves_nothing(box: Box) -> None:
    rooms = box.service.desks.rooms
    for _ in range(20):
        client = RawClient(box)
        client.send({"type": CONNECT, "nsp": "/rooms", "data": {"token": box.token()}})
        fields = {"name": "x", "display_name": "y"}
        client.send({"type": EVENT, "nsp": "/rooms", "data": ["room.open", fields], "id": 1})
        client.websocket.sock.close()
    wait_until(lambda: not any(room.members for room in rooms._rooms.values()))
    for room in list(rooms._rooms.values()):
        rooms._rooms.pop(room.room_id)


@pytest.mark.parametrize("code", [None, 7, "", "x" * 3000, {"a": 1}])
def test_invitations_that_are_none_are_refused(box: Box, code: Any) -> None:
    answer = Rest(box).post("/api/v1/invitations/redeem", {"code": code})
    assert answer.error in ("invitation_invalid", "bad_request")


def test_pages_of_other_origins_may_do_nothing(box: Box) -> None:
    rest = Rest(box, box.token())
    evil = {"Origin": "https://evil.example"}
    assert rest.get("/api/v1/jobs", **evil).error == "bad_request"
    body = json.dumps({"name": "a.wav", "size_bytes": 5}).encode()
    assert rest.request("POST", "/api/v1/jobs", body, **evil).error == "bad_request"
    assert rest.request("POST", "/api/v1/invitations/redeem", b"{}", **evil).error == "bad_request"
    assert rest.get("/api/v1/box/diagnostics", **evil).error == "bad_request"
