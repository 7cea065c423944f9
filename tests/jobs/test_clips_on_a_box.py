"""Files on a running box: several at once, too many, and beside live voices."""

import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.client_http import RefusedError
from edge_server.engine.denoiser import ModelRun
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from tests.audio_files import decoded, encoded
from tests.conftest import Voice
from tests.raw_client import RawClient
from tests.running_box import running_box, wait_until


def test_a_file_more_than_the_box_takes_is_refused_for_now(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    long = encoded(to_s16(noisy_voice(16000, 60.0, 31)), 16000)
    outcomes: list[object] = []

    def clean() -> None:
        with box.client() as client:
            try:
                outcomes.append(client.clip(long))
            except RefusedError as refusal:
                outcomes.append(refusal)

    with running_box(tiny_model_path, tmp_path, max_clips=1) as box:
        threads = [threading.Thread(target=clean) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refusals = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
        assert refusals
        hints = {
            (refusal.refused_code, refusal.error["retryable"], refusal.error["retry_after_s"]) for refusal in refusals
        }
        assert hints == {("too_many_streams", True, box.service.settings.upload_wait_s)}
        with box.client() as client:
            assert client.clip(long) in outcomes


def test_a_live_voice_and_a_file_at_once_sound_as_alone(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice
) -> None:
    voice, recording = to_s16(noisy_voice(16000, 3.0, 32)), to_s16(noisy_voice(22050, 20.0, 33))
    clips: list[bytes] = []
    with running_box(tiny_model.path, tmp_path) as box, box.client() as client:

        def clean() -> None:
            with box.client() as other:
                clips.append(other.clip(encoded(recording, 22050)))

        thread = threading.Thread(target=clean)
        thread.start()
        streamed = client.stream(voice, 16000, realtime=False)
        thread.join()
    alone = to_s16(denoise_samples(tiny_model, voice.astype(np.float32) / 32768, 16000))
    assert np.array_equal(streamed.samples, alone)
    clean_samples, rate_hz = decoded(clips[0])
    assert rate_hz == 22050
    expected = to_s16(denoise_samples(tiny_model, recording.astype(np.float32) / 32768, 22050))
    assert np.array_equal(clean_samples, expected)


def test_a_model_that_fails_is_told_and_the_box_goes_on(
    tiny_model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(np.ones(16000, np.int16), 16000)
    with running_box(tiny_model.path, tmp_path) as box, box.client() as client:

        def broken(*arguments: object) -> object:
            raise _failure()

        with monkeypatch.context() as broken_model:
            broken_model.setattr(ModelRun, "compute", broken)
            with pytest.raises(RefusedError) as refusal:
                client.clip(data)
        assert refusal.value.refused_code == "engine_failed"
        assert len(decoded(client.clip(data))[0]) == 16000


def test_a_dead_engine_is_told_to_clips_and_voices(tiny_model: ModelFile, tmp_path: Path) -> None:
    data = encoded(np.ones(16000, np.int16), 16000)
    with running_box(tiny_model.path, tmp_path) as box, box.client() as client:

        def defect(pipeline: object) -> None:
            raise RuntimeError("dead on purpose")

        box.service.engine._lanes[0].order(defect)
        wait_until(lambda: not any(lane.running for lane in box.service.engine._lanes))
        for _ in range(box.service.settings.max_clips + 1):
            with pytest.raises(RefusedError) as refusal:
                client.clip(data)
            assert refusal.value.refused_code == "engine_failed"
        with pytest.raises(RefusedError) as refusal:
            client.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        assert refusal.value.refused_code == "engine_failed"


@pytest.mark.parametrize("lane", ["http", "socketio"])
def test_a_file_whose_client_hung_up_is_given_up(tiny_model_path: Path, tmp_path: Path, lane: str) -> None:
    long = encoded(np.zeros(16000 * 1200, np.int16), 16000)
    with running_box(tiny_model_path, tmp_path) as box:
        clips, frames_before = box.service._clips, box.service.engine.stats().frames
        if lane == "http":
            head = f"POST /api/v1/denoise HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {box.token()}\r\n"
            connection = socket.create_connection(("127.0.0.1", box.service.http_port or 0), timeout=20)
            connection.sendall(f"{head}Content-Length: {len(long)}\r\n\r\n".encode() + long)
            wait_until(lambda: clips.under_way == 1)
            connection.close()
        else:
            client = RawClient(box)
            client.join(box.token())
            client.emit("clip", {"token": box.token(), "data": long}, number=1)
            wait_until(lambda: clips.under_way == 1)
            client.websocket.close()
        wait_until(lambda: clips.under_way == 0)
        assert box.service.engine.stats().frames - frames_before < 1200 * 62
        assert box.service.metrics.clips._value.get() == 0


def _failure() -> Exception:
    from edge_server.errors import EngineFailedError

    return EngineFailedError("The model could not be run: broken on purpose.")
