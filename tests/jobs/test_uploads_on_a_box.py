"""Uploads in chunks: what is taken, what is refused, and how they go on after a break."""

from pathlib import Path

import pytest

from tests.conftest import Voice
from tests.jobs.uploads import create, finished, recording, send
from tests.namespace_client import NamespaceClient
from tests.running_box import Box, running_box, wait_until

SMALL_CHUNKS = {"job_chunk_bytes": 10_000}


def test_an_upload_goes_on_after_a_break_and_after_a_restart(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    data = recording(noisy_voice, 2.0)
    with running_box(tiny_model_path, tmp_path, **SMALL_CHUNKS) as box:
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as client:
            job_id = create(client, data)["job_id"]
            send(client, job_id, data, end=20_000)
        with NamespaceClient(box, token, "/jobs") as client:
            assert client.good("job.get", {"job_id": job_id})["job"]["received_bytes"] == 20_000
            send(client, job_id, data, start=20_000, end=30_000)
    with running_box(tiny_model_path, tmp_path, **SMALL_CHUNKS) as box, NamespaceClient(box, token, "/jobs") as client:
        assert client.good("job.get", {"job_id": job_id})["job"]["received_bytes"] == 30_000
        send(client, job_id, data, start=30_000)
        assert finished(client, job_id)["state"] == "done"


def test_chunks_out_of_place_change_nothing(tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with (
        running_box(tiny_model_path, tmp_path, **SMALL_CHUNKS) as box,
        NamespaceClient(box, box.token(), "/jobs") as client,
    ):
        job_id = create(client, data)["job_id"]
        send(client, job_id, data, end=10_000)
        for offset in (0, 5000, 20_000):
            answer = client.call("job.chunk", {"job_id": job_id, "offset": offset, "data": b"x" * 10})
            assert answer["error"]["code"] == "chunk_out_of_place"
            assert answer["received_bytes"] == 10_000
        for wrong in (b"", b"x" * 10_001, "text"):
            assert client.refused("job.chunk", {"job_id": job_id, "offset": 10_000, "data": wrong}) == "bad_request"
        send(client, job_id, data, start=10_000)
        assert finished(client, job_id)["state"] == "done"
        assert client.refused("job.chunk", {"job_id": job_id, "offset": 0, "data": data[:100]}) == "job_not_ready"


@pytest.mark.parametrize(
    ("name", "size_bytes", "code"),
    [
        ("letter.pdf", 1000, "file_type_refused"),
        ("noname", 1000, "file_type_refused"),
        ("a.wav", 0, "file_empty"),
        ("a.wav", 70_000, "file_too_large"),
        ("", 1000, "bad_request"),
        ("a\nb.wav", 1000, "bad_request"),
        ("x" * 300 + ".wav", 1000, "bad_request"),
        ("a.wav", "1000", "bad_request"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(
    small_box: Box, name: str, size_bytes: object, code: str
) -> None:
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        assert client.refused("job.create", {"name": name, "size_bytes": size_bytes}) == code
        assert client.good("job.list")["jobs"] == []


@pytest.mark.parametrize(
    ("start", "told"),
    [(b"%PDF-1.7 and so on", "PDF"), (b"\x00\x00\x00\x20ftypM4A ", "M4A"), (b"just some text....", "not an audio")],
)
def test_the_first_bytes_tell_what_is_no_audio(small_box: Box, start: bytes, told: str) -> None:
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        job_id = create(client, start)["job_id"]
        answer = client.call("job.chunk", {"job_id": job_id, "offset": 0, "data": start})
        assert answer["error"]["code"] == "file_type_refused"
        assert told in answer["error"]["message"]
        job = client.good("job.get", {"job_id": job_id})["job"]
        assert (job["state"], job["error"]["code"]) == ("failed", "file_type_refused")


def test_a_file_that_only_looks_like_audio_fails_with_a_reason(small_box: Box) -> None:
    data = b"RIFF" + b"nothing of the kind" * 100
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        job_id = create(client, data)["job_id"]
        send(client, job_id, data)
        job = finished(client, job_id)
        assert (job["state"], job["error"]["code"]) == ("failed", "file_unreadable")
        entries = client.good("job.log", {"job_id": job_id})["entries"]
        assert [entry["level"] for entry in entries if entry["text"] == job["error"]["message"]] == ["error"]


def test_too_many_events_at_once_are_refused(small_box: Box) -> None:
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        answers: list[dict[str, object]] = []
        for _ in range(200):
            client.socket.emit("job.list", {}, namespace="/jobs", callback=answers.append)
        wait_until(lambda: len(answers) == 200)
        codes = {answer["error"]["code"] for answer in answers if not answer["ok"]}  # type: ignore[index]
        assert codes <= {"too_fast"}
        assert client.good("job.list") == {"jobs": []}
