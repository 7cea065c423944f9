"""How many jobs and bytes a box keeps, and what it does when the disk is full."""

import dataclasses
from pathlib import Path

import pytest

from edge_server.config import Settings
from edge_server.errors import DiskFullError
from edge_server.jobs.job_store import JobStore
from tests.conftest import Voice
from tests.jobs.uploads import create, finished, recording, send
from tests.namespace_client import NamespaceClient
from tests.running_box import running_box, wait_until

SMALL_CHUNKS = {"job_chunk_bytes": 10_000}


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
