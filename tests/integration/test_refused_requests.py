"""Files and requests over HTTP that are refused, each with its code of PROTOCOL.md."""

import http.client
import json
from typing import Any

import numpy as np
import pytest

from edge_server.client import DenoiseClient
from edge_server.client_http import RefusedError
from tests.audio_files import encoded
from tests.integration.requests import request
from tests.running_box import Box, running_box

START = {"sample_rate_hz": 16000, "packet_samples": 320, "suppression_limit_db": None}
SILENCE = np.zeros(1600, np.int16)


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
