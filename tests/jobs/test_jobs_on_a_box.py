"""Files in the background of a running box: uploaded in chunks, cleaned, told of, kept and deleted."""

from collections.abc import Callable
from pathlib import Path

import gevent
import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.auth.tokens import LISTENER
from edge_server.engine.model_file import ModelFile
from edge_server.jobs.file_run import FileRun
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


def work_without_end(
    run: FileRun, sound: object, limit: object, write: object, checkpoint: Callable[[int], None]
) -> int:
    """A file that never becomes clean, in the place of `FileRun.clean`."""
    while True:
        checkpoint(0)
        gevent.sleep(0.01)
