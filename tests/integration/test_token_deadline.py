"""A token on its way to its end, with a clock that the test pushes forward."""

import time
from pathlib import Path

import pytest

from edge_server.client_http import RefusedError
from edge_server.desks import steady_unix_clock
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from tests.namespace_client import NamespaceClient
from tests.running_box import running_box

START = {"sample_rate_hz": 16000, "packet_samples": 320}
PACKET = AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(640))


def test_first_a_warning_then_goodbye(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, box.client(box.token(ttl_s=600)) as client:
        client.call("stream.start", START)
        box.clock.ahead_s = 545
        assert 50 <= client.wait_for_event("token.expiring")["expires_in_s"] <= 55
        box.clock.ahead_s = 601
        assert client.wait_for_event("goodbye")["code"] == "token_expired"
        client.wait_for_event("disconnect")


@pytest.mark.parametrize("jump_s", [86400.0, -86400.0])
def test_a_jump_of_the_wall_clock_is_no_end(tiny_model_path: Path, tmp_path: Path, jump_s: float) -> None:
    with running_box(tiny_model_path, tmp_path) as box, box.client(box.token(ttl_s=600)) as client:
        client.call("stream.start", START)
        token = box.token()
        box.clock.jumped_s = jump_s
        client.send_audio(PACKET)
        client.wait_for_answers(1)
        with box.client(token) as other:
            other.call("stream.start", START)
        box.clock.ahead_s = 601
        assert client.wait_for_event("goodbye")["code"] == "token_expired"


def test_the_clock_of_tokens_does_not_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = steady_unix_clock()
    assert clock() == pytest.approx(time.time(), abs=1.0)
    passed, wall = time.monotonic, time.time
    monkeypatch.setattr(time, "time", lambda: wall() + 86400)
    monkeypatch.setattr(time, "monotonic", lambda: passed() + 60)
    assert clock() == pytest.approx(wall() + 60, abs=1.0)


def test_a_renewed_token_goes_on(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, box.client(box.token(ttl_s=600)) as client:
        client.call("stream.start", START)
        box.clock.ahead_s = 545
        client.wait_for_event("token.expiring")
        renewed = client.call("token.renew", {})
        assert renewed["expires_in_s"] == box.service.settings.token_ttl_s
        box.clock.ahead_s = 700
        client.send_audio(PACKET)
        client.wait_for_answers(1)
        assert client.call("stream.end", {})["packets_in"] == 1
        with box.client(renewed["token"]) as other:
            other.call("stream.start", START)


def test_packets_and_control_after_the_end_are_refused(tiny_model_path: Path, tmp_path: Path) -> None:
    # Housekeeping never comes round here: the packet itself and the control event find the token expired.
    with (
        running_box(tiny_model_path, tmp_path, housekeeping_s=3600.0) as box,
        box.client(box.token(ttl_s=600)) as client,
    ):
        client.call("stream.start", START)
        box.clock.ahead_s = 601
        with pytest.raises(RefusedError) as refusal:
            client.call("token.renew", {})
        assert refusal.value.refused_code == "token_expired"
        client.send_audio(PACKET)
        assert client.wait_for_event("goodbye")["code"] == "token_expired"


def test_an_event_in_another_namespace_after_the_end_is_refused(tiny_model_path: Path, tmp_path: Path) -> None:
    with (
        running_box(tiny_model_path, tmp_path, housekeeping_s=3600.0) as box,
        NamespaceClient(box, box.token(ttl_s=600), "/jobs") as client,
    ):
        client.good("token.renew")
        box.clock.ahead_s = box.service.settings.token_ttl_s + 1
        assert client.refused("token.renew") == "token_expired"


def test_an_event_with_a_token_that_was_taken_back_is_refused(tiny_model_path: Path, tmp_path: Path) -> None:
    with (
        running_box(tiny_model_path, tmp_path) as box,
        NamespaceClient(box, box.token(), "/jobs", "/audio") as client,
    ):
        client.good("stream.start", START, "/audio")
        # Taken back, but nobody has parted from its sessions yet.
        box.service.tokens._is_revoked = lambda claims: True
        assert client.refused("token.renew") == "token_revoked"
        assert client.refused("stream.end", {}, "/audio") == "token_revoked"
