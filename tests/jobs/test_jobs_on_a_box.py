"""Files in the background of a running box: uploaded in chunks, cleaned, told of, kept and deleted."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import gevent
import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.auth.tokens import LISTENER
from edge_server.config import Settings
from edge_server.engine.model_file import ModelFile
from edge_server.errors import DiskFullError
from edge_server.jobs.file_run import FileRun
from edge_server.jobs.job_store import JobStore
from edge_server.offline.denoise import denoise_samples
from edge_server.store.database import Database
from tests.audio_files import decoded
from tests.conftest import Voice
from tests.jobs.rest import Rest
from tests.jobs.uploads import create, finished, recording, send, silence
from tests.namespace_client import NamespaceClient, refusal
from tests.running_box import Box, running_box, wait_until

SMALL_CHUNKS = {"job_chunk_bytes": 10_000}


def test_a_file_in_chunks_comes_back_clean(tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 3.0, 22050)
    with running_box(tiny_model.path, tmp_path, **SMALL_CHUNKS) as box:
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as client:
            job = create(client, data, "interview.wav", format="flac", suppression_limit_db=20)
            assert (job["state"], job["received_bytes"], job["progress"]) == ("uploading", 0, 0)
            assert send(client, job["job_id"], data) == {"received_bytes": len(data), "progress": 1.0, "left_s": None}
            done = finished(client, job["job_id"])
        assert (done["state"], done["error"], done["progress"]) == ("done", None, 1.0)
        assert (done["duration_s"], done["sample_rate_hz"], done["channels"]) == (3.0, 22050, 1)
        answer = Rest(box, token).get(f"/api/v1/jobs/{job['job_id']}/result")
    assert answer.headers["Content-Type"] == "audio/flac"
    assert "interview-clean.flac" in answer.headers["Content-Disposition"]
    assert len(answer.body) == done["result_bytes"]
    noisy, _ = decoded(data)
    expected = denoise_samples(tiny_model, noisy.astype(np.float32) / 32768, 22050, 20)
    assert np.array_equal(decoded(answer.body)[0], to_s16(expected))


@pytest.fixture
def told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell of every step of a job, however fast the machine is."""
    monkeypatch.setattr("edge_server.jobs.job_progress._INTERVAL_S", 0.0)
    monkeypatch.setattr("edge_server.jobs.pace._SURE_AFTER_S", 0.0)


@pytest.mark.usefixtures("told_at_once")
def test_states_come_in_order_and_progress_grows(tiny_model_path: Path, tmp_path: Path) -> None:
    data = silence(20)
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        job = create(client, data)
        send(client, job["job_id"], data)
        finished(client, job["job_id"])
        states = [pushed["state"] for pushed in client.pushed("job")]
        assert list(dict.fromkeys(states)) == ["uploading", "queued", "running", "done"]
        progress = [pushed["progress"] for pushed in client.pushed("job.progress")]
        assert progress
        assert progress == sorted(progress)
        assert 0 <= progress[0] < progress[-1] <= 1
        assert any(pushed["left_s"] is not None for pushed in client.pushed("job.progress"))


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


def test_work_that_a_restart_interrupts_is_done_after_it(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recording(noisy_voice, 1.0)
    with monkeypatch.context() as endless, running_box(tiny_model_path, tmp_path) as box:
        endless.setattr(FileRun, "clean", work_without_end)
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as client:
            job_id = create(client, data)["job_id"]
            send(client, job_id, data)
            client.wait_for("job", lambda job: job["state"] == "running")
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, token, "/jobs") as client:
        wait_until(lambda: client.good("job.get", {"job_id": job_id})["job"]["state"] == "done")
        log = "".join(entry["text"] for entry in client.good("job.log", {"job_id": job_id})["entries"])
        assert "restarted" in log


def test_a_file_that_breaks_the_box_down_twice_is_not_tried_again(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recording(noisy_voice, 1.0)
    database = tmp_path / "hushbox.sqlite3"
    outcomes = []
    with monkeypatch.context() as endless, running_box(tiny_model_path, tmp_path) as box:
        endless.setattr(FileRun, "clean", work_without_end)
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as client:
            job_id = create(client, data)["job_id"]
            send(client, job_id, data)
            client.wait_for("job", lambda job: job["state"] == "running")
    for _ in range(2):
        # What the database says after the power went, instead of an orderly stop.
        broken = Database(database)
        broken.execute("UPDATE jobs SET state = 'running'")
        broken.close()
        with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, token, "/jobs") as client:
            wait_until(lambda: client.good("job.get", {"job_id": job_id})["job"]["state"] in ("done", "failed"))
            outcomes.append(client.good("job.get", {"job_id": job_id})["job"])
    assert [(job["state"], (job["error"] or {}).get("code")) for job in outcomes] == [
        ("done", None),
        ("failed", "engine_failed"),
    ]


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


def test_a_job_is_nobody_elses(small_box: Box, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with (
        NamespaceClient(small_box, small_box.token(), "/jobs") as owner,
        NamespaceClient(small_box, small_box.token(), "/jobs") as other,
    ):
        job_id = create(owner, data)["job_id"]
        other.good("job.list")
        for event in ("job.get", "job.cancel", "job.delete", "job.log", "job.again"):
            assert other.refused(event, {"job_id": job_id}) == "not_found"
        assert other.refused("job.chunk", {"job_id": job_id, "offset": 0, "data": data[:100]}) == "not_found"
        send(owner, job_id, data)
        finished(owner, job_id)
        owner.wait_for("job.log", lambda pushed: any("Done" in entry["text"] for entry in pushed["entries"]))
        assert other.good("job.list")["jobs"] == []
        assert all(other.pushed(event) == [] for event in ("job", "job.log", "job.progress", "job.gone"))


def test_a_device_that_is_paired_anew_finds_its_files_again(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    data = recording(noisy_voice, 1.0)
    with running_box(tiny_model_path, tmp_path) as box:
        token = box.token(60)
        with NamespaceClient(box, token, "/jobs") as client:
            job_id = create(client, data)["job_id"]
        box.clock.ahead_s = 100
        assert Rest(box, token).get("/api/v1/jobs").error == "token_expired"
        paired = Rest(box).post("/api/v1/pair", {"pin": box.service.pairing.pin, "token": token}).json["token"]
        stranger = Rest(box).post("/api/v1/pair", {"pin": box.service.pairing.pin}).json["token"]
        assert Rest(box, stranger).get("/api/v1/jobs").json["jobs"] == []
        assert [job["job_id"] for job in Rest(box, paired).get("/api/v1/jobs").json["jobs"]] == [job_id]


def test_a_listener_has_no_jobs(small_box: Box) -> None:
    token = small_box.service.tokens.issue(LISTENER).token
    assert Rest(small_box, token).get("/api/v1/jobs").error == "role_forbidden"
    assert refusal(small_box, token, "/jobs") == "role_forbidden"


@pytest.mark.usefixtures("told_at_once")
def test_the_log_is_short_unless_asked(tiny_model_path: Path, tmp_path: Path) -> None:
    data = silence(20)
    with running_box(tiny_model_path, tmp_path) as box:
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as brief, NamespaceClient(box, token, "/jobs") as curious:
            job_id = create(brief, data)["job_id"]
            answer = curious.good("job.log", {"job_id": job_id, "detail": "detailed"})
            assert answer["detail"] == "detailed"
            send(brief, job_id, data)
            finished(brief, job_id)
            for client in (brief, curious):
                client.wait_for("job.log", lambda pushed: any("Done" in entry["text"] for entry in pushed["entries"]))
            short = brief.good("job.log", {"job_id": job_id})["entries"]
            all_entries = brief.good("job.log", {"job_id": job_id, "detail": "detailed"})["entries"]
            levels = {e["level"] for pushed in brief.pushed("job.log") for e in pushed["entries"]}
            detailed_levels = {e["level"] for pushed in curious.pushed("job.log") for e in pushed["entries"]}
        rest = Rest(box, token)
        text = rest.get(f"/api/v1/jobs/{job_id}/log?detail=detailed")
        short_text = rest.get(f"/api/v1/jobs/{job_id}/log")
    assert levels == {"info"}
    assert detailed_levels == {"info", "detail"}
    assert short == [entry for entry in all_entries if entry["level"] != "detail"]
    assert [entry["number"] for entry in all_entries] == list(range(1, len(all_entries) + 1))
    assert any("16000 Hz" in entry["text"] for entry in short)
    assert text.headers["Content-Type"].startswith("text/plain")
    assert text.body.decode().count("\n") == len(all_entries)
    assert short_text.body.decode().count("\n") == len(short)


def test_only_new_entries_are_given_on_request(small_box: Box, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        job_id = create(client, data)["job_id"]
        send(client, job_id, data)
        finished(client, job_id)
        entries = client.good("job.log", {"job_id": job_id})["entries"]
        assert client.good("job.log", {"job_id": job_id, "after": entries[1]["number"]})["entries"] == entries[2:]


def test_a_log_is_bounded_and_says_so(tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with (
        running_box(tiny_model_path, tmp_path, max_job_log_entries=3) as box,
        NamespaceClient(box, box.token(), "/jobs") as client,
    ):
        job_id = create(client, data)["job_id"]
        send(client, job_id, data)
        finished(client, job_id)
        entries = client.good("job.log", {"job_id": job_id, "detail": "detailed"})["entries"]
        assert len(entries) == 3
        assert "full" in entries[-1]["text"]


def test_jobs_wait_for_their_turn_and_know_how_long_the_queue_is(
    tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = silence(1)
    monkeypatch.setattr(FileRun, "clean", work_without_end)
    with (
        running_box(tiny_model_path, tmp_path, max_running_jobs=1) as box,
        NamespaceClient(box, box.token(), "/jobs") as client,
    ):
        ids = [create(client, data)["job_id"] for _ in range(4)]
        for job_id in ids:
            send(client, job_id, data)
        jobs = {job["job_id"]: job for job in client.good("job.list")["jobs"]}
        assert [(jobs[i]["state"], jobs[i]["jobs_ahead"]) for i in ids] == [
            ("running", 0),
            ("queued", 0),
            ("queued", 1),
            ("queued", 2),
        ]
        client.good("job.cancel", {"job_id": ids[0]})
        client.wait_for("job", lambda job: job["job_id"] == ids[1] and job["state"] == "running")
        client.wait_for("job.progress", lambda pushed: (pushed["job_id"], pushed["jobs_ahead"]) == (ids[3], 1))


@pytest.mark.parametrize("when", ["uploading", "running"])
def test_a_cancelled_job_leaves_no_file(
    tiny_model_path: Path, tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = silence(20)
    monkeypatch.setattr(FileRun, "clean", work_without_end)
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        job_id = create(client, data)["job_id"]
        if when == "running":
            send(client, job_id, data)
            client.wait_for("job", lambda job: job["state"] == "running")
        else:
            send(client, job_id, data, end=300_000)
        assert client.good("job.cancel", {"job_id": job_id})["job"]["state"] == "cancelled"
        wait_until(lambda: box.service.desks.jobs.runner.running == 0)
        assert not (box.service.settings.jobs_folder / job_id).exists()
        assert box.service.engine.stats().file_streams == 0
        assert client.good("job.get", {"job_id": job_id})["job"]["state"] == "cancelled"
        assert client.refused("job.cancel", {"job_id": job_id}) == "job_not_ready"
        assert client.refused("job.again", {"job_id": job_id}) == "job_not_ready"


def test_a_deleted_job_is_gone_for_all_its_owners_connections(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    data = recording(noisy_voice, 1.0)
    with running_box(tiny_model_path, tmp_path) as box:
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as one, NamespaceClient(box, token, "/jobs") as two:
            job_id = create(one, data)["job_id"]
            send(one, job_id, data)
            finished(one, job_id)
            one.good("job.delete", {"job_id": job_id})
            assert two.wait_for("job.gone") == {"job_id": job_id}
            assert two.refused("job.get", {"job_id": job_id}) == "not_found"
            wait_until(lambda: not (box.service.settings.jobs_folder / job_id).exists())


def test_a_job_is_deleted_when_its_time_is_over(tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with running_box(tiny_model_path, tmp_path, job_ttl_s=600, job_upload_ttl_s=300, token_ttl_s=9999) as box:
        token = box.token(9999)
        with NamespaceClient(box, token, "/jobs") as client:
            done, begun = create(client, data)["job_id"], create(client, data)["job_id"]
            send(client, done, data)
            job = finished(client, done)
            assert job["expires_at_ms"] == job["finished_at_ms"] + 600_000
            box.clock.ahead_s = 400
            assert client.wait_for("job.gone") == {"job_id": begun}
            assert [job["job_id"] for job in client.good("job.list")["jobs"]] == [done]
            box.clock.ahead_s = 700
            assert client.wait_for("job.gone", lambda gone: gone["job_id"] == done)
            assert client.good("job.list")["jobs"] == []
            wait_until(lambda: list(box.service.settings.jobs_folder.iterdir()) == [])


def test_a_file_is_cleaned_again_at_another_strength(tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    with running_box(tiny_model.path, tmp_path) as box:
        token = box.token()
        with NamespaceClient(box, token, "/jobs") as client:
            first = create(client, data)["job_id"]
            send(client, first, data)
            finished(client, first)
            second = client.good("job.again", {"job_id": first, "suppression_limit_db": 0})["job"]["job_id"]
            assert finished(client, second)["suppression_limit_db"] == 0
            client.good("job.delete", {"job_id": first})
        clean = Rest(box, token).get(f"/api/v1/jobs/{second}/result").body
    noisy, _ = decoded(data)
    expected = to_s16(denoise_samples(tiny_model, noisy.astype(np.float32) / 32768, 16000, 0))
    assert np.array_equal(decoded(clean)[0], expected)


def test_a_device_has_its_share_of_jobs_and_the_box_its_room(tiny_model_path: Path, tmp_path: Path) -> None:
    limits = {"max_jobs_per_device": 2, "max_jobs": 3, "max_job_storage_bytes": 10_000}
    request = {"name": "a.wav", "size_bytes": 1000}
    with (
        running_box(tiny_model_path, tmp_path, **limits) as box,
        NamespaceClient(box, box.token(), "/jobs") as one,
        NamespaceClient(box, box.token(), "/jobs") as two,
    ):
        assert one.refused("job.create", {**request, "size_bytes": 10_001}) == "disk_full"
        job_id = one.good("job.create", request)["job"]["job_id"]
        one.good("job.create", request)
        assert one.refused("job.create", request) == "too_many_jobs"
        two.good("job.create", request)
        assert two.refused("job.create", request) == "too_many_jobs"
        one.good("job.delete", {"job_id": job_id})
        one.good("job.create", request)


def test_what_is_still_on_its_way_has_its_room_already(
    tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = {"name": "a.wav", "size_bytes": 6_000_000}
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        free = box.service.settings.min_free_disk_bytes + 10_000_000
        monkeypatch.setattr(type(box.service.desks.jobs.files), "free_bytes", lambda files: free)
        client.good("job.create", request)
        assert client.refused("job.create", request) == "disk_full"


def test_a_full_disk_is_told_and_the_upload_can_go_on(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recording(noisy_voice, 2.0)
    with (
        running_box(tiny_model_path, tmp_path, **SMALL_CHUNKS) as box,
        NamespaceClient(box, box.token(), "/jobs") as client,
    ):
        job_id = create(client, data)["job_id"]
        send(client, job_id, data, end=20_000)
        with monkeypatch.context() as full:
            full.setattr("edge_server.jobs.job_files.os.write", _half_of_it_fits())
            answer = client.call("job.chunk", {"job_id": job_id, "offset": 20_000, "data": data[20_000:30_000]})
            assert answer["error"]["code"] == "disk_full"
        assert client.good("job.get", {"job_id": job_id})["job"]["received_bytes"] == 20_000
        assert box.service.desks.jobs.files.received_bytes(job_id) == 20_000
        send(client, job_id, data, start=20_000)
        assert finished(client, job_id)["state"] == "done"


def test_a_job_is_done_though_nothing_can_be_remembered(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recording(noisy_voice, 1.0)

    def full(*arguments: object) -> None:
        raise DiskFullError("The disk of this box is full.")

    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        with monkeypatch.context() as disk:
            disk.setattr(JobStore, "save", full)
            disk.setattr(JobStore, "append_log", full)
            job_id = create(client, data)["job_id"]
            send(client, job_id, data)
            assert finished(client, job_id)["state"] == "done"
        assert client.good("job.again", {"job_id": job_id})


def test_no_room_for_the_result_fails_the_job_and_not_the_box(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = recording(noisy_voice, 1.0)
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        job_id = create(client, data)["job_id"]
        with monkeypatch.context() as full:
            full.setattr(type(box.service.desks.jobs.files), "free_bytes", lambda files: 1000)
            send(client, job_id, data)
            assert finished(client, job_id)["error"]["code"] == "disk_full"
        again = client.good("job.again", {"job_id": job_id})["job"]["job_id"]
        assert finished(client, again)["state"] == "done"


def test_the_data_folder_s_settings_are_private(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, NamespaceClient(box, box.token(), "/jobs") as client:
        job_id = client.good("job.create", {"name": "a.wav", "size_bytes": 100})["job"]["job_id"]
        settings: Settings = box.service.settings
        assert dataclasses.is_dataclass(settings)
        assert settings.database_file.stat().st_mode & 0o077 == 0
        assert (settings.jobs_folder / job_id).stat().st_mode & 0o077 == 0
        assert (settings.jobs_folder / job_id / "upload").stat().st_mode & 0o077 == 0


def test_too_many_events_at_once_are_refused(small_box: Box) -> None:
    with NamespaceClient(small_box, small_box.token(), "/jobs") as client:
        answers: list[dict[str, object]] = []
        for _ in range(200):
            client.socket.emit("job.list", {}, namespace="/jobs", callback=answers.append)
        wait_until(lambda: len(answers) == 200)
        codes = {answer["error"]["code"] for answer in answers if not answer["ok"]}  # type: ignore[index]
        assert codes <= {"too_fast"}
        assert client.good("job.list") == {"jobs": []}


def work_without_end(
    run: FileRun, sound: object, limit: object, write: object, checkpoint: Callable[[int], None]
) -> int:
    """A file that never becomes clean, in the place of `FileRun.clean`."""
    while True:
        checkpoint(0)
        gevent.sleep(0.01)


def _half_of_it_fits() -> object:
    import errno
    import os

    write = os.write
    calls: list[int] = []

    def limited(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "no space left")
        return write(descriptor, data[: len(data) // 2])

    return limited
