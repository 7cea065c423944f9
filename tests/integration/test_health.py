"""What the box says about itself."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audio_files import encoded
from tests.running_box import Box, running_box


def get(box: Box, path: str) -> tuple[int, bytes, Any]:
    try:
        with urllib.request.urlopen(box.url + path, timeout=20) as response:
            return response.status, response.read(), response.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def metric(box: Box, name: str) -> float:
    lines = get(box, "/metrics")[1].decode().splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).split()[1])


def test_healthz_answers(box: Box) -> None:
    status, body, _ = get(box, "/healthz")
    assert (status, json.loads(body)) == (200, {"ok": True})


def test_readyz_ran_a_frame(box: Box) -> None:
    status, body, _ = get(box, "/readyz")
    assert status == 200
    assert json.loads(body)["probe_ms"] > 0


def test_readyz_tells_when_the_engine_does_not_run(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, probe_timeout_s=0.05) as box:
        box.service.engine.stop()
        status, body, _ = get(box, "/readyz")
        assert status == 503
        assert json.loads(body)["error"]["code"] == "engine_failed"
        assert get(box, "/healthz")[0] == 200


def test_info_states_model_and_limits(box: Box) -> None:
    info = json.loads(get(box, "/api/v1/info")[1])
    assert info["model"]["name"] == "tiny"
    assert info["model"]["sha256"] == box.service.model.sha256
    assert info["sample_rates_hz"] == [8000, 16000, 24000, 32000, 44100, 48000]
    assert info["limits"]["max_clip_samples"] == box.service.settings.max_clip_samples
    assert info["limits"]["max_streams"] == box.service.settings.max_streams


def test_metrics_count_what_happened(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        with box.client() as client:
            client.stream(np.zeros(16000, np.int16), 16000, realtime=False)
            client.clip(encoded(np.zeros(16000, np.int16), 16000))
            assert metric(box, "hushbox_sessions") == 1
        assert metric(box, "hushbox_packets_in_total") == 50
        assert metric(box, "hushbox_packets_out_total") == 52
        assert metric(box, "hushbox_clips_total") == 1
        assert metric(box, "hushbox_clip_audio_seconds_total") == 1
        assert metric(box, "hushbox_frames_total") >= 2 * 62
        assert metric(box, "hushbox_late_frames_total") == 0
        assert metric(box, 'hushbox_streams{priority="live"}') == 0
        get(box, "/nowhere")
        assert metric(box, 'hushbox_errors_total{code="not_found"}') == 1


def test_two_boxes_in_one_process_count_apart(box: Box, tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as other:
        get(box, "/nowhere")
        assert "not_found" not in get(other, "/metrics")[1].decode()


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<title>Hushbox</title>")
    (tmp_path / "dist" / "assets" / "index-abc.js").write_text("1")
    return tmp_path / "dist"


def test_the_page_is_served_with_its_headers(tiny_model_path: Path, tmp_path: Path, page: Path) -> None:
    with running_box(tiny_model_path, tmp_path, web_dir=page) as box:
        status, body, headers = get(box, "/")
        assert (status, body) == (200, b"<title>Hushbox</title>")
        assert headers["Cache-Control"] == "no-cache"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert f"connect-src 'self' ws://127.0.0.1:{box.service.http_port};" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        status, _, headers = get(box, "/assets/index-abc.js")
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
        assert headers.get_content_type() in ("text/javascript", "application/javascript")


def test_without_a_built_page_the_api_works(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, web_dir=tmp_path / "none") as box:
        status, body, _ = get(box, "/")
        assert (status, json.loads(body)["error"]["code"]) == (404, "not_found")
        assert get(box, "/healthz")[0] == 200
