"""The owner's namespace on a running box."""

import json
from pathlib import Path

import pytest

from edge_server.audio.pcm import to_s16
from edge_server.auth.tokens import LISTENER, SPEAKER
from edge_server.client_http import RefusedError
from tests.box.owners import owner_token
from tests.conftest import Voice
from tests.jobs.rest import Rest
from tests.jobs.uploads import create, finished, recording, send
from tests.namespace_client import NamespaceClient, refusal
from tests.raw_client import CONNECT, RawClient
from tests.rooms.people import redeemed, someone
from tests.running_box import Box, running_box, wait_until


@pytest.mark.parametrize("role", [SPEAKER, LISTENER])
def test_the_box_is_its_owners_alone(box: Box, role: str) -> None:
    token = box.service.tokens.issue(role).token
    assert refusal(box, token, "/box") == "role_forbidden"
    assert Rest(box, token).get("/api/v1/box/diagnostics").error == "role_forbidden"
    assert Rest(box).get("/api/v1/box/diagnostics").error == "token_missing"


def test_who_may_not_join_the_box_may_still_join_the_rest(box: Box) -> None:
    with someone(box) as client:
        client.socket._send_packet(client.socket.packet_class(0, {"token": box.token()}, "/box"))
        client.good("room.open", {"name": "Kitchen", "display_name": "Anna"})
        client.good("room.close")


def test_statistics_come_by_themselves_and_are_true(box: Box, owner: NamespaceClient, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(16000, 1.0, 81))
    quiet = owner.wait_for("stats", lambda stats: stats["live_voices"] == 0)
    assert quiet["delay_ms_p50"] is None or quiet["delay_ms_p50"] >= 0
    assert quiet["max_streams"] == box.service.engine.admitted_live_streams
    assert quiet["memory_bytes"] > 10_000_000
    with box.client() as speaker:
        speaker.stream(samples, 16000)
        spoken = owner.wait_for("stats", lambda stats: stats["live_voices"] == 1 and stats["delay_ms_p50"] is not None)
        assert 0 < spoken["delay_ms_p50"] <= spoken["delay_ms_p95"] <= spoken["delay_ms_p99"]
        assert spoken["batch_size_mean"] is None or spoken["batch_size_mean"] >= 1
    frames = sum(stats["frames_per_s"] * 0.05 for stats in owner.pushed("stats"))
    assert frames > 0
    overview = owner.good("box.get")
    assert 1 < len(overview["stats"]) <= 120
    assert set(overview["stats"][-1]) == set(quiet)


def test_what_happens_is_told_as_it_happens(box: Box, owner: NamespaceClient, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with NamespaceClient(box, box.token(), "/jobs") as client:
        connected = owner.wait_for(
            "event", lambda event: event["kind"] == "session.connected" and event["fields"]["role"] == "speaker"
        )
        assert connected["text"]
        job_id = create(client, data, "secret-name.wav")["job_id"]
        send(client, job_id, data)
        finished(client, job_id)
        done = owner.wait_for("event", lambda event: event["kind"] == "job.done")
        assert done["fields"]["job_id"] == job_id
    owner.wait_for("event", lambda event: event["kind"] == "session.ended")
    Rest(box, "wrong").get("/api/v1/jobs")
    refused = owner.wait_for("event", lambda event: event["kind"] == "client.refused")
    assert refused["fields"]["code"] == "token_invalid"
    paired = Rest(box).post("/api/v1/pair", {"pin": box.service.pairing.pin})
    assert paired.status == 200
    owner.wait_for("event", lambda event: event["kind"] == "device.paired")
    events = owner.pushed("event")
    assert [event["number"] for event in events] == sorted({event["number"] for event in events})
    assert "secret-name" not in json.dumps(owner.good("box.get"))


def test_voices_are_told_and_shown(box: Box, owner: NamespaceClient) -> None:
    with box.client() as speaker:
        speaker.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        owner.wait_for("event", lambda event: event["kind"] == "stream.started")
        owner.wait_for("sessions", lambda pushed: any(session["live"] for session in pushed["sessions"]))
        speaker.call("stream.end", {})
        owner.wait_for("event", lambda event: event["kind"] == "stream.ended")


def test_a_session_can_be_ended_for_good(box: Box, owner: NamespaceClient) -> None:
    token = box.token()
    client = NamespaceClient(box, token, "/jobs", "/rooms")
    device = box.service.tokens.verify(token).subject
    session = next(s for s in owner.good("box.get")["sessions"] if s["device"] == device)
    assert session["namespaces"] == ["/jobs", "/rooms"]
    owner.good("session.disconnect", {"session_id": session["session_id"]})
    assert client.wait_for("goodbye")["code"] == "session_ended"
    with NamespaceClient(box, token, "/jobs"):
        again = next(s for s in owner.good("box.get")["sessions"] if s["device"] == device)
        owner.good("session.disconnect", {"session_id": again["session_id"], "revoke": True})
    assert refusal(box, token, "/jobs") == "token_revoked"
    assert Rest(box, token).get("/api/v1/jobs").error == "token_revoked"
    assert owner.refused("session.disconnect", {"session_id": "s-none"}) == "not_found"


def test_an_invitation_lets_in_as_often_as_it_says(box: Box, owner: NamespaceClient) -> None:
    made = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 600, "max_uses": 2, "label": "Mum"})
    invitation = made["invitation"]
    assert invitation["url"].endswith("#invite=" + invitation["code"])
    assert "<svg" in invitation["qr_svg"]
    assert (invitation["state"], invitation["uses"], invitation["label"]) == ("open", 0, "Mum")
    for _ in range(2):
        answer = redeemed(box, invitation)
        assert (answer["role"], answer["room"]) == ("speaker", None)
        assert answer["expires_in_s"] <= 600
        assert Rest(box, answer["token"]).get("/api/v1/jobs").status == 200
    third = Rest(box).post("/api/v1/invitations/redeem", {"code": invitation["code"]})
    assert (third.status, third.error) == (403, "invitation_invalid")
    pushed = owner.wait_for("invitations", lambda p: p["invitations"][0]["state"] == "used")["invitations"][0]
    assert pushed["uses"] == 2
    assert "code" not in pushed


def test_a_revoked_invitation_ends_what_it_began(box: Box, owner: NamespaceClient) -> None:
    invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 600, "max_uses": 0})["invitation"]
    token = redeemed(box, invitation)["token"]
    client = NamespaceClient(box, token, "/jobs")
    revoked = owner.good("invitation.revoke", {"invitation_id": invitation["invitation_id"]})["invitation"]
    assert revoked["state"] == "revoked"
    assert client.wait_for("goodbye")["code"] == "token_revoked"
    assert Rest(box, token).get("/api/v1/jobs").error == "token_revoked"
    assert Rest(box).post("/api/v1/invitations/redeem", {"code": invitation["code"]}).error == "invitation_invalid"
    assert owner.refused("invitation.revoke", {"invitation_id": "i-none"}) == "not_found"


def test_what_came_with_an_invitation_ends_with_it(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, owner_token(box), "/box") as owner:
        invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 900})["invitation"]
        token = redeemed(box, invitation)["token"]
        with NamespaceClient(box, token, "/jobs") as client:
            box.clock.ahead_s = 600
            renewed = client.good("token.renew")
            assert renewed["expires_in_s"] <= 300
            box.clock.ahead_s = 901
            assert client.wait_for("goodbye")["code"] == "token_expired"


def test_renewing_one_token_leaves_another_of_the_same_device_what_it_is(box: Box, owner: NamespaceClient) -> None:
    invitation = owner.good("invitation.create", {"role": "owner", "expires_in_s": 600, "max_uses": 0})["invitation"]
    speaker_token = box.token()
    guest_token = redeemed(box, invitation, speaker_token)["token"]
    with RawClient(box) as guest:
        assert guest.join(speaker_token)["type"] == CONNECT
        guest.send({"type": CONNECT, "nsp": "/box", "data": {"token": guest_token}})
        assert guest.receive()["type"] == CONNECT
        renewed = guest.call("token.renew", {})["token"]
        assert box.service.tokens.verify(renewed).role == SPEAKER
        owner.good("invitation.revoke", {"invitation_id": invitation["invitation_id"]})
        assert guest.receive_event("goodbye", "/box")["code"] == "token_revoked"


def test_revocations_and_limits_outlive_a_restart(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, owner_token(box), "/box") as owner:
        invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 600})["invitation"]
        token = redeemed(box, invitation)["token"]
        other = owner.good("invitation.create", {"role": "owner", "expires_in_s": 600})["invitation"]
        owner.good("invitation.revoke", {"invitation_id": invitation["invitation_id"]})
        owner.good("limits.set", {"max_streams": 5})
    with running_box(tiny_model_path, tmp_path) as box:
        assert Rest(box, token).get("/api/v1/jobs").error == "token_revoked"
        with NamespaceClient(box, redeemed(box, other)["token"], "/box") as owner:
            highest = box.service.settings.max_streams
            assert owner.good("box.get")["limits"]["max_streams"] == {"value": 5, "lowest": 1, "highest": highest}


def test_limits_hold_at_once(box: Box, owner: NamespaceClient) -> None:
    before = owner.good("box.get")["limits"]
    assert owner.good("limits.set", {"max_streams": 1, "max_rooms": 1})["limits"]["max_rooms"]["value"] == 1
    start = {"sample_rate_hz": 16000, "packet_samples": 320}
    with box.client() as one, box.client() as two:
        one.call("stream.start", start)
        with pytest.raises(RefusedError) as refused:
            two.call("stream.start", start)
        assert refused.value.refused_code == "too_many_streams"
    for wrong in ({"max_streams": 0}, {"max_streams": 10_000}, {"max_streams": "4"}, {"max_nothing": 1}, {}):
        assert owner.refused("limits.set", wrong) == "bad_request"
    owner.good("limits.set", {name: limit["highest"] for name, limit in before.items()})


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "king", "expires_in_s": 60},
        {"role": "speaker"},
        {"role": "speaker", "expires_in_s": 0},
        {"role": "speaker", "expires_in_s": 60, "max_uses": -1},
        {"role": "speaker", "expires_in_s": 60, "label": "x" * 61},
        {"expires_in_s": 60},
    ],
)
def test_a_wrong_invitation_is_not_made(owner: NamespaceClient, fields: dict[str, object]) -> None:
    assert owner.refused("invitation.create", fields) == "bad_request"


def test_open_invitations_are_bounded(tiny_model_path: Path, tmp_path: Path) -> None:
    with (
        running_box(tiny_model_path, tmp_path, max_invitations=2) as box,
        NamespaceClient(box, owner_token(box), "/box") as owner,
    ):
        fields = {"role": "listener", "expires_in_s": 60}
        first = owner.good("invitation.create", fields)["invitation"]
        owner.good("invitation.create", fields)
        assert owner.refused("invitation.create", fields) == "bad_request"
        owner.good("invitation.revoke", {"invitation_id": first["invitation_id"]})
        owner.good("invitation.create", fields)


def test_an_owner_renews_for_all_namespaces(box: Box) -> None:
    with NamespaceClient(box, owner_token(box), "/box", "/jobs") as owner:
        owner.good("token.renew", {}, "/jobs")
        wait_until(lambda: owner.good("box.get")["sessions"])
