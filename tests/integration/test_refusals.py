"""Every code of PROTOCOL.md on the lane where it occurs."""

import http.client
import json
from typing import Any

import jwt
import numpy as np
import pytest

from edge_server.auth.tokens import SPEAKER
from edge_server.client import DenoiseClient
from edge_server.client_http import RefusedError
from edge_server.transport.packets import KIND_AUDIO, KIND_TAIL, AudioPacket, encode_packet
from tests.audio_files import encoded
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


def request(box: Box, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", box.service.http_port or 0, timeout=20)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


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


def test_packets_beyond_the_backlog_are_dropped_with_a_notice(tiny_model_path: Any, tmp_path: Any) -> None:
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
    assert summary["dropped_packets"] == len(notices)
    assert summary["packets_in"] + summary["dropped_packets"] == 60


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"", "file_empty", 400),
        (b"RIFF", "file_unreadable", 400),
        (b"this is no audio at all" * 100, "file_unreadable", 400),
        (encoded(SILENCE, 16000)[:30], "file_unreadable", 400),
        (encoded(SILENCE[:0], 16000), "file_empty", 400),
    ],
)
def test_a_bad_file_is_refused_on_both_lanes(box: Box, data: bytes, code: str, status: int) -> None:
    answer = request(box, "POST", "/api/v1/denoise", data, Authorization=f"Bearer {box.token()}")
    assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    with box.client() as client, pytest.raises(RefusedError) as refusal:
        client.clip(data)
    assert refusal.value.refused_code == code


def test_a_large_or_long_file_is_refused_on_both_lanes(tiny_model_path: Any, tmp_path: Any) -> None:
    with running_box(tiny_model_path, tmp_path, max_clip_bytes=100_000, max_clip_s=2) as box:
        large = bytes(100_001)
        long = encoded(np.zeros(2 * 8000 + 1, np.int16), 8000)
        for data, code in ((large, "file_too_large"), (long, "file_too_long")):
            answer = request(box, "POST", "/api/v1/denoise", data, Authorization=f"Bearer {box.token()}")
            assert (answer[0], answer[1]["error"]["code"]) == (413, code)
            with box.client() as client, pytest.raises(RefusedError) as refusal:
                client.clip(data)
            assert refusal.value.refused_code == code
        very_large = request(box, "POST", "/api/v1/denoise", bytes(190_000), Authorization=f"Bearer {box.token()}")
        assert (very_large[0], very_large[1]["error"]["code"]) == (413, "file_too_large")


def test_a_small_file_that_would_grow_huge_is_refused(tiny_model_path: Any, tmp_path: Any) -> None:
    silence = encoded(np.zeros(200_001, np.int16), 192_000, "FLAC")
    assert len(silence) < 10_000
    with running_box(tiny_model_path, tmp_path, max_clip_samples=200_000) as box, box.client() as client:
        with pytest.raises(RefusedError) as refusal:
            client.clip(silence)
        assert refusal.value.refused_code == "file_too_long"


@pytest.mark.parametrize("changes", [{"format": "mp3"}, {"format": 3}, {"suppression_limit_db": -2}, {"data": "text"}])
def test_a_clip_request_that_makes_no_sense_is_refused(box: Box, changes: dict[str, Any]) -> None:
    with box.client() as client, pytest.raises(RefusedError) as refusal:
        client.call("clip", {"token": client.token, "data": encoded(SILENCE, 16000)} | changes)
    assert refusal.value.refused_code == "bad_request"


@pytest.mark.parametrize("query", ["?format=mp3", "?suppression_limit_db=x", "?suppression_limit_db=-1"])
def test_a_query_that_makes_no_sense_is_refused(box: Box, query: str) -> None:
    status, body = request(
        box, "POST", "/api/v1/denoise" + query, encoded(SILENCE, 16000), Authorization=f"Bearer {box.token()}"
    )
    assert (status, body["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b'{"pin": 5}', b'{"pin": null}', b"x" * 5000, b"\xff\xfe"])
def test_a_malformed_pairing_request_is_refused(box: Box, body: bytes) -> None:
    status, answer = request(box, "POST", "/api/v1/pair", body, Content_Type="application/json")
    assert (status, answer["error"]["code"]) == (400, "bad_request")


def test_a_pairing_request_in_chunks_is_bounded_too(box: Box) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", box.service.http_port, timeout=20)
    connection.request("POST", "/api/v1/pair", iter([b" " * 1000] * 6), encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["code"]) == (400, "bad_request")


@pytest.mark.parametrize("path", ["/api/v1/pair", "/api/v1/denoise"])
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_origin_cannot_post(box: Box, path: str, origin: str) -> None:
    pin = box.service.pairing.pin
    body = json.dumps({"pin": pin}).encode()
    status, answer = request(box, "POST", path, body, Origin=origin, Authorization=f"Bearer {box.token()}")
    assert (status, answer["error"]["code"]) == (400, "bad_request")
    assert "origin" in answer["error"]["message"]
    assert box.service.pairing.pin == pin


def test_the_boxs_own_page_can_post(box: Box) -> None:
    status, answer = request(box, "POST", "/api/v1/pair", b'{"pin": "x"}', Origin=box.url)
    assert (status, answer["error"]["code"]) == (403, "pin_wrong")


def test_a_pin_that_is_no_text_at_all_is_a_wrong_pin(box: Box) -> None:
    status, answer = request(box, "POST", "/api/v1/pair", b'{"pin": "\\ud800"}')
    assert (status, answer["error"]["code"]) == (403, "pin_wrong")


def test_an_uploaded_file_is_never_written_to_disk(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("a file on the disk")

    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", disk)
    clip = encoded(np.zeros(600_000, np.int16), 16000)
    form = (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n\r\n' + clip + b"\r\n--edge--\r\n"
    )
    connection = http.client.HTTPConnection("127.0.0.1", box.service.http_port or 0, timeout=20)
    headers = {"Authorization": f"Bearer {box.token()}", "Content-Type": "multipart/form-data; boundary=edge"}
    connection.request("POST", "/api/v1/denoise", form, headers)
    response = connection.getresponse()
    assert (response.status, len(response.read())) == (200, len(clip))
    connection.close()


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nothing", "/../etc/passwd", "/assets/../../x", "/%00"])
def test_there_is_nothing_elsewhere(box: Box, path: str) -> None:
    status, answer = request(box, "GET", path)
    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_a_wrong_method_is_refused(box: Box) -> None:
    status, answer = request(box, "PUT", "/api/v1/pair")
    assert (status, answer["error"]["code"]) == (405, "bad_request")


def test_wrong_pins_lock_pairing_and_a_new_pin_is_shown(tiny_model_path: Any, tmp_path: Any) -> None:
    with running_box(tiny_model_path, tmp_path, pin_tries=3, pin_lockout_s=600) as box:
        client = DenoiseClient(box.url)
        first_pin = box.service.pairing.pin
        wrong = f"{(int(first_pin) + 1) % 10**6:06d}"
        for _ in range(3):
            with pytest.raises(RefusedError) as refusal:
                client.pair(wrong)
            assert refusal.value.refused_code == "pin_wrong"
        with pytest.raises(RefusedError) as refusal:
            client.pair(box.service.pairing.pin)
        assert (refusal.value.refused_code, refusal.value.error["retryable"]) == ("pin_locked", True)
        assert box.pins == [box.service.pairing.pin]


def test_a_pin_buys_one_token_that_works(tiny_model_path: Any, tmp_path: Any) -> None:
    with running_box(tiny_model_path, tmp_path) as box, DenoiseClient(box.url) as client:
        pin = box.service.pairing.pin
        client.pair(pin)
        assert client.call("stream.start", START)["ok"]
        assert box.pins == [box.service.pairing.pin]
        with pytest.raises(RefusedError) as refusal:
            DenoiseClient(box.url).pair(f"{(int(box.service.pairing.pin) + 1) % 10**6:06d}")
        assert refusal.value.refused_code == "pin_wrong"
