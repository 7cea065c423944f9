"""What JSON can write and nothing behind it can hold: halves of surrogate pairs, numbers without end. Refused in words."""

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from edge_server.auth.tokens import OWNER
from tests.jobs.rest import Rest
from tests.namespace_client import NamespaceClient
from tests.running_box import Box

HALF = "\ud800"
HUGE = 10**400
INVITATION = {"role": "speaker", "expires_in_s": 60}


@pytest.fixture(scope="module")
def anyone(box: Box) -> Iterator[NamespaceClient]:
    """Someone who may do everything, with the parser that lets such text through."""
    token = box.service.tokens.issue(OWNER).token
    with NamespaceClient(box, token, "/box", "/jobs", "/rooms", "/audio", serializer="default") as client:
        yield client


@pytest.fixture(autouse=True)
def nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


def test_it_is_no_invitation(box: Box) -> None:
    answer = Rest(box).post("/api/v1/invitations/redeem", {"code": HALF})
    assert (answer.status, answer.error) == (403, "invitation_invalid")


def test_it_is_no_token(box: Box, anyone: NamespaceClient) -> None:
    made = anyone.good("invitation.create", INVITATION)["invitation"]
    # An earlier token that is none is as good as no earlier token.
    answer = Rest(box).post("/api/v1/invitations/redeem", {"code": made["code"], "token": HALF})
    assert answer.status == 200
    assert Rest(box).post("/api/v1/pair", {"pin": box.service.pairing.pin, "token": HALF}).status == 200


@pytest.mark.parametrize(
    ("namespace", "event", "fields", "code"),
    [
        ("/box", "invitation.create", {**INVITATION, "label": HALF}, "bad_request"),
        ("/box", "invitation.create", {**INVITATION, "role": HALF}, "bad_request"),
        ("/box", "invitation.revoke", {"invitation_id": HALF}, "bad_request"),
        ("/box", "session.disconnect", {"session_id": HALF}, "not_found"),
        ("/box", "limits.set", {HALF: 1}, "bad_request"),
        ("/jobs", "job.create", {"name": HALF + ".wav", "size_bytes": 100}, "bad_request"),
        ("/jobs", "job.create", {"name": "a." + HALF, "size_bytes": 100}, "bad_request"),
        ("/jobs", "job.get", {"job_id": HALF}, "not_found"),
        ("/jobs", "job.log", {"job_id": HALF, "detail": HALF}, "bad_request"),
        ("/jobs", HALF, {}, "unknown_event"),
        ("/rooms", "room.open", {"name": HALF, "display_name": "Anna"}, "bad_request"),
        ("/rooms", "room.open", {"name": "Kitchen", "display_name": HALF}, "bad_request"),
        ("/rooms", "room.join", {"room_id": HALF, "display_name": "Anna"}, "not_found"),
        ("/audio", "stream.resume", {"stream_id": HALF, "key": HALF, "next_answer": 0}, "resume_failed"),
    ],
)
def test_it_is_refused(anyone: NamespaceClient, namespace: str, event: str, fields: dict[str, Any], code: str) -> None:
    assert anyone.refused(event, fields, namespace) == code


def test_it_is_left_out_of_what_someone_writes(anyone: NamespaceClient) -> None:
    anyone.good("room.open", {"name": "Kitchen", "display_name": "Anna"}, "/rooms")
    said = anyone.good("room.chat", {"text": f"Can you {HALF}hear me?"}, "/rooms")["message"]["text"]
    assert said == "Can you hear me?"
    assert anyone.refused("room.chat", {"text": HALF}, "/rooms") == "bad_request"
    anyone.good("room.close", {}, "/rooms")


@pytest.mark.parametrize(
    "change", [{"suppression_limit_db": HUGE}, {"suppression_limit_db": -HUGE}, {"size_bytes": HUGE}]
)
def test_a_number_beyond_all_range_is_refused(box: Box, change: dict[str, int]) -> None:
    answer = Rest(box, box.token()).post("/api/v1/jobs", {"name": "a.wav", "size_bytes": 100, **change})
    assert (answer.status, answer.error) == (400, "bad_request")


def test_a_line_of_the_log_beyond_all_range_is_refused(anyone: NamespaceClient) -> None:
    job = anyone.good("job.create", {"name": "a.wav", "size_bytes": 100}, "/jobs")["job"]
    for after in (2**63, 10**90):
        assert anyone.refused("job.log", {"job_id": job["job_id"], "after": after}, "/jobs") == "bad_request"


def test_what_is_nested_too_deeply_is_refused(box: Box) -> None:
    request = urllib.request.Request(box.url + "/api/v1/pair", b"[" * 4000)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20)
    assert (refused.value.code, json.load(refused.value)["error"]["code"]) == (400, "bad_request")
