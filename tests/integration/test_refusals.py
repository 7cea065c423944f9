"""Every code of PROTOCOL.md on the lane where it occurs."""

from typing import Any

import jwt
import numpy as np
import pytest

from edge_server.auth.tokens import SPEAKER
from edge_server.client_http import RefusedError
from edge_server.transport.packets import KIND_AUDIO, KIND_TAIL, AudioPacket, encode_packet
from tests.audio_files import encoded
from tests.integration.requests import request
from tests.raw_client import CONNECT_ERROR, RawClient
from tests.running_box import Box, running_box

START = {"sample_rate_hz": 16000, "packet_samples": 320, "suppression_limit_db": None}
SILENCE = np.zeros(1600, np.int16)


def forged(box: Box, **changes: Any) -> str:
    now_s = int(box.clock())
    body = {"iss": "hushbox", "aud": "hushbox", "sub": "x", "role": SPEAKER, "iat": now_s, "exp": now_s + 60} | changes
    key = box.service.settings.token_key_file.read_bytes()
    return jwt.encode(body, key, algorithm="HS256")


def bad_tokens(box: Box) -> dict[str, tuple[Any, str]]:
    return {
        "absent": (None, "token_missing"),
        "empty": ("", "token_missing"),
        "garbage": ("abc", "token_invalid"),
        "number": (17, "token_invalid"),
        "other issuer": (forged(box, iss="other"), "token_invalid"),
        "past its end": (forged(box, exp=int(box.clock()) - 1), "token_expired"),
        "unknown role": (forged(box, role="guest"), "role_forbidden"),
    }


@pytest.mark.parametrize(
    "case", ["absent", "empty", "garbage", "number", "other issuer", "past its end", "unknown role"]
)
def test_a_bad_token_cannot_connect(box: Box, case: str) -> None:
    token, code = bad_tokens(box)[case]
    with RawClient(box) as client:
        answer = client.join(token)
    assert answer["type"] == CONNECT_ERROR
    assert answer["data"]["data"]["code"] == code
    assert answer["data"]["message"] == answer["data"]["data"]["message"]


@pytest.mark.parametrize("data", [None, "token", 5, [], {}])
def test_a_connect_packet_without_token_is_refused(box: Box, data: Any) -> None:
    with RawClient(box) as client:
        client.send({"type": 0, "nsp": "/audio", "data": data})
        answer = client.receive()
    assert answer["type"] == CONNECT_ERROR
    assert answer["data"]["data"]["code"] == "token_missing"


@pytest.mark.parametrize("case", ["garbage", "other issuer", "past its end", "unknown role"])
def test_a_bad_token_cannot_post_or_send_a_clip(box: Box, case: str) -> None:
    token, code = bad_tokens(box)[case]
    status, body = request(box, "POST", "/api/v1/denoise", encoded(SILENCE, 16000), Authorization=f"Bearer {token}")
    assert (status, body["error"]["code"]) == (403 if code == "role_forbidden" else 401, code)
    with box.client() as client, pytest.raises(RefusedError) as refusal:
        client.call("clip", {"token": token, "data": encoded(SILENCE, 16000)})
    assert refusal.value.refused_code == code


def test_a_file_without_token_is_refused(box: Box) -> None:
    status, body = request(box, "POST", "/api/v1/denoise", encoded(SILENCE, 16000))
    assert (status, body["error"]["code"]) == (401, "token_missing")
    with box.client() as client, pytest.raises(RefusedError) as refusal:
        client.call("clip", {"data": encoded(SILENCE, 16000)})
    assert refusal.value.refused_code == "token_missing"


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"sample_rate_hz": 11025}, "unsupported_rate", "11025"),
        ({"sample_rate_hz": 0}, "unsupported_rate", "0"),
        ({"sample_rate_hz": -16000}, "unsupported_rate", "-16000"),
        ({"sample_rate_hz": "16000"}, "bad_request", "sample_rate_hz"),
        ({"sample_rate_hz": None}, "bad_request", "sample_rate_hz"),
        ({"packet_samples": 79}, "bad_request", "packet_samples"),
        ({"packet_samples": 1601}, "bad_request", "packet_samples"),
        ({"packet_samples": 2**63}, "bad_request", "packet_samples"),
        ({"packet_samples": 320.0}, "bad_request", "packet_samples"),
        ({"suppression_limit_db": -1}, "bad_request", "suppression_limit_db"),
        ({"suppression_limit_db": 1e9}, "bad_request", "suppression_limit_db"),
        ({"suppression_limit_db": "loud"}, "bad_request", "suppression_limit_db"),
    ],
)
def test_a_stream_that_cannot_be_is_refused_by_name(box: Box, changes: Any, code: str, named: str) -> None:
    with box.client() as client:
        with pytest.raises(RefusedError, match=named) as refusal:
            client.call("stream.start", START | changes)
        assert refusal.value.refused_code == code
        assert client.call("stream.start", START)["delay_samples"] > 0


@pytest.mark.parametrize("argument", [[], "x", 5, b"x"])
def test_a_control_argument_that_is_no_object_is_refused(box: Box, argument: Any) -> None:
    with box.client() as client, pytest.raises(RefusedError) as refusal:
        client.call("stream.start", argument)
    assert refusal.value.refused_code == "bad_request"


def test_control_without_a_stream_is_refused(box: Box) -> None:
    with box.client() as client:
        for event, argument in (("stream.set", {"suppression_limit_db": 3}), ("stream.end", {})):
            with pytest.raises(RefusedError) as refusal:
                client.call(event, argument)
            assert refusal.value.refused_code == "no_stream"
        client.send_audio(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(640)))
        assert client.wait_for_event("notice")["code"] == "no_stream"


def test_a_second_stream_on_a_session_is_refused(box: Box) -> None:
    with box.client() as client:
        client.call("stream.start", START)
        with pytest.raises(RefusedError) as refusal:
            client.call("stream.start", START)
        assert refusal.value.refused_code == "stream_exists"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "packet_malformed"),
        (bytes(11), "packet_malformed"),
        (encode_packet(AudioPacket(KIND_TAIL, 0, 0, 0, bytes(640))), "packet_malformed"),
        (b"\x02" + encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(640)))[1:], "packet_malformed"),
        ("text", "packet_malformed"),
        (None, "packet_malformed"),
        (encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(638))), "packet_wrong_size"),
        (encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(641))), "packet_wrong_size"),
        (encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, b"")), "packet_wrong_size"),
        (encode_packet(AudioPacket(KIND_AUDIO, 0, 2**32 - 1, 0, bytes(640))), "sequence_wrong"),
    ],
)
def test_a_wrong_packet_is_noticed_and_the_stream_goes_on(box: Box, data: Any, code: str) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        assert client.call("stream.start", START)["ok"]
        client.emit("audio", data)
        assert client.receive_event("notice")["code"] == code
        client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 7, bytes(640))))
        assert len(client.receive_event("audio")) == 12 + 640


def test_a_repeated_packet_is_noticed(box: Box) -> None:
    with box.client() as client:
        client.call("stream.start", START)
        for sequence in (0, 1, 1):
            client.send_audio(AudioPacket(KIND_AUDIO, 0, sequence, 0, bytes(640)))
        assert client.wait_for_event("notice")["code"] == "sequence_wrong"
        assert client.call("stream.end", {})["packets_in"] == 2


def test_an_unknown_event_is_noticed_and_acknowledged_as_an_error(box: Box) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        client.emit("stream.explode", {"a": 1})
        notice = client.receive_event("notice")
        assert notice["code"] == "unknown_event"
        assert "stream.explode" in notice["message"]
        assert client.call("another")["error"]["code"] == "unknown_event"


def test_a_full_box_says_so_and_has_room_again(tiny_model_path: Any, tmp_path: Any) -> None:
    with running_box(tiny_model_path, tmp_path, max_streams=2) as box:
        clients = [box.client() for _ in range(3)]
        for client in clients[:2]:
            client.call("stream.start", START)
        with pytest.raises(RefusedError, match="2 of 2") as refusal:
            clients[2].call("stream.start", START)
        assert (refusal.value.refused_code, refusal.value.error["retryable"]) == ("too_many_streams", True)
        clients[0].call("stream.end", {})
        clients[2].call("stream.start", START)
        for client in clients:
            client.close()


def test_packets_beyond_the_backlog_are_dropped_and_told(tiny_model_path: Any, tmp_path: Any) -> None:
    with running_box(tiny_model_path, tmp_path, max_backlog_packets=2) as box, RawClient(box) as client:
        client.join(box.token())
        client.call("stream.start", START | {"packet_samples": 1600})
        packets = [encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(3200))) for number in range(60)]
        for packet in packets:
            client.emit("audio", packet)
        client.emit("stream.end", {}, number=5)
        received = []
        while (packet := client.receive())["type"] != 3:
            received.append(packet["data"])
    notices = [argument["code"] for name, argument in received if name == "notice"]
    summary = packet["data"][0]
    assert set(notices) == {"overrun"}
    # A client is told ten times a second at most; what is counted is every packet.
    assert summary["dropped_packets"] > len(notices) >= 10
    assert box.service.metrics.audio.dropped_packets == summary["dropped_packets"]
    assert summary["packets_in"] + summary["dropped_packets"] == 60
