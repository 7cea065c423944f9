"""The same jobs without a socket."""

import threading
from pathlib import Path

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from tests.audio_files import decoded
from tests.conftest import Voice
from tests.jobs.rest import Rest
from tests.jobs.uploads import create, finished, recording, send, silence
from tests.namespace_client import NamespaceClient
from tests.running_box import Box, running_box, wait_until


def test_a_file_by_rest_alone(tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 2.0)
    with running_box(tiny_model.path, tmp_path, job_chunk_bytes=20_000) as box:
        rest = Rest(box, box.token())
        made = rest.post("/api/v1/jobs", {"name": "a.wav", "size_bytes": len(data)})
        assert made.status == 201
        path = f"/api/v1/jobs/{made.json['job']['job_id']}"
        assert rest.get(f"{path}/result").error == "job_not_ready"
        for offset in range(0, len(data), made.json["chunk_bytes"]):
            chunk = data[offset : offset + made.json["chunk_bytes"]]
            answer = rest.request("PUT", f"{path}/chunk?offset={offset}", chunk)
            assert answer.json["received_bytes"] == offset + len(chunk)
        wait_until(lambda: rest.get(path).json["job"]["state"] == "done")
        clean = rest.get(f"{path}/result")
        part = rest.get(f"{path}/result", Range="bytes=0-3")
        assert [job["job_id"] for job in rest.get("/api/v1/jobs").json["jobs"]] == [made.json["job"]["job_id"]]
        again = rest.post(f"{path}/again", {"format": "flac"})
        assert (again.status, again.json["job"]["format"]) == (201, "flac")
        assert rest.request("DELETE", path, None).json == {"ok": True}
        assert rest.get(path).error == "not_found"
    assert (part.status, part.body) == (206, b"RIFF")
    noisy, _ = decoded(data)
    expected = to_s16(denoise_samples(tiny_model, noisy.astype(np.float32) / 32768, 16000))
    assert np.array_equal(decoded(clean.body)[0], expected)


def test_a_chunk_out_of_place_tells_where_the_upload_stands(small_box: Box) -> None:
    rest = Rest(small_box, small_box.token())
    job_id = rest.post("/api/v1/jobs", {"name": "a.wav", "size_bytes": 5000}).json["job"]["job_id"]
    answer = rest.request("PUT", f"/api/v1/jobs/{job_id}/chunk?offset=7", b"x" * 20)
    assert (answer.status, answer.error, answer.json["received_bytes"]) == (409, "chunk_out_of_place", 0)
    assert rest.request("PUT", f"/api/v1/jobs/{job_id}/chunk?offset=x", b"x").error == "bad_request"
    assert rest.post(f"/api/v1/jobs/{job_id}/cancel", {}).json["job"]["state"] == "cancelled"


@pytest.mark.parametrize("body", [b"x" * 2000, [b"x" * 1000, b"x"]], ids=["declared", "in pieces"])
def test_a_chunk_too_large_is_not_read(tiny_model_path: Path, tmp_path: Path, body: bytes | list[bytes]) -> None:
    with running_box(tiny_model_path, tmp_path, job_chunk_bytes=1000) as box:
        rest = Rest(box, box.token())
        job_id = rest.post("/api/v1/jobs", {"name": "a.wav", "size_bytes": 5000}).json["job"]["job_id"]
        answer = rest.request("PUT", f"/api/v1/jobs/{job_id}/chunk?offset=0", body)
        assert (answer.status, answer.error) == (413, "file_too_large")
        assert rest.get(f"/api/v1/jobs/{job_id}").json["job"]["received_bytes"] == 0


@pytest.mark.parametrize(
    "path", ["/api/v1/jobs", "/api/v1/jobs/j-1", "/api/v1/jobs/j-1/log", "/api/v1/jobs/j-1/result"]
)
def test_jobs_need_a_token_and_are_nobody_elses(small_box: Box, path: str) -> None:
    assert Rest(small_box).get(path).error == "token_missing"
    with NamespaceClient(small_box, small_box.token(), "/jobs") as owner:
        job_id = create(owner, b"x" * 100)["job_id"]
        if "j-1" in path:
            other = Rest(small_box, small_box.token())
            assert other.get(path.replace("j-1", job_id)).error == "not_found"


def test_live_voices_go_before_background_files(tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice) -> None:
    voice = to_s16(noisy_voice(16000, 3.0, 61))
    data = silence(1200)
    with running_box(tiny_model.path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        jobs = [create(client, data)["job_id"] for _ in range(2)]
        for job_id in jobs:
            send(client, job_id, data)
        client.wait_for("job", lambda job: job["state"] == "running")
        heard: list[object] = []

        def speak() -> None:
            with box.client() as speaker:
                heard.append(speaker.stream(voice, 16000, realtime=False).samples)
                heard.append([job.state.value for job in box.service.desks.jobs.shelf])

        thread = threading.Thread(target=speak)
        thread.start()
        thread.join()
        assert "running" in heard[1]  # type: ignore[operator]
        for job_id in jobs:
            client.good("job.cancel", {"job_id": job_id})
            assert finished(client, job_id)["state"] == "cancelled"
    alone = to_s16(denoise_samples(tiny_model, voice.astype(np.float32) / 32768, 16000))
    assert np.array_equal(heard[0], alone)  # type: ignore[arg-type]
