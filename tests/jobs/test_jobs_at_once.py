"""Many who ask for a job in the same moment, while the disk takes its time: the limits hold for all of them together."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gevent
import pytest

from edge_server.config import Settings
from edge_server.errors import DiskFullError, HushboxError, TooManyJobsError
from edge_server.jobs.desk import JobDesk
from edge_server.jobs.job import Job, JobRequest
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import JobLogs
from edge_server.jobs.job_store import JobStore
from edge_server.jobs.off_loop import DiskThread
from edge_server.jobs.shelf import JobShelf
from edge_server.store.database import Database

REQUEST = JobRequest("a.wav", 1000, "wav", None)
MANY = 8


@dataclass
class Jobs:
    """A desk with what it works on."""

    desk: JobDesk
    shelf: JobShelf


MakeJobs = Callable[..., Jobs]


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[MakeJobs]:
    with closing(Database(tmp_path / "box.sqlite3")) as database:

        def make(**limits: Any) -> Jobs:
            settings = Settings(data_dir=tmp_path, **limits)
            settings.jobs_folder.mkdir()
            store, disk = JobStore(database), DiskThread()
            shelf = JobShelf(store, JobLogs(store, disk, 100, time.time), disk, 60, time.time)
            files = JobFiles(settings.jobs_folder)
            return Jobs(JobDesk(settings, shelf, files, disk, time.monotonic, lambda: None), shelf)

        yield make


def at_once(call: Callable[[int], Job]) -> list[type[HushboxError] | None]:
    """Begin many calls before any of them has its answer, and give what each was refused with."""

    def outcome(number: int) -> type[HushboxError] | None:
        try:
            call(number)
        except HushboxError as error:
            return type(error)
        return None

    greenlets = [gevent.spawn(outcome, number) for number in range(MANY)]
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    return [greenlet.value for greenlet in greenlets]


@pytest.mark.parametrize(
    ("limits", "devices", "refusal"),
    [
        ({"max_jobs_per_device": 3}, 1, TooManyJobsError),
        ({"max_jobs": 3}, MANY, TooManyJobsError),
        ({"max_job_storage_bytes": 3999}, MANY, DiskFullError),
    ],
)
def test_a_burst_gets_no_more_than_there_is(
    make_jobs: MakeJobs, limits: dict[str, int], devices: int, refusal: type[HushboxError]
) -> None:
    jobs = make_jobs(**limits)
    outcomes = at_once(lambda number: jobs.desk.create(f"device-{number % devices}", REQUEST))
    assert outcomes == [None] * 3 + [refusal] * (MANY - 3)
    assert len(list(jobs.shelf)) == 3


def test_a_burst_leaves_the_disk_what_it_has_to_keep(make_jobs: MakeJobs, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make_jobs(min_free_disk_bytes=5000)
    monkeypatch.setattr(JobFiles, "free_bytes", lambda files: 8999)
    outcomes = at_once(lambda number: jobs.desk.create("device", REQUEST))
    assert outcomes == [None] * 3 + [DiskFullError] * (MANY - 3)


def test_a_burst_of_repeats_gets_no_more_than_there_is(make_jobs: MakeJobs) -> None:
    jobs = make_jobs(max_jobs_per_device=3)
    source = jobs.desk.create("device", REQUEST)
    jobs.desk.append("device", source.job_id, 0, b"RIFF".ljust(REQUEST.size_bytes))
    outcomes = at_once(lambda number: jobs.desk.again("device", source.job_id, "wav", None))
    assert outcomes == [None] * 2 + [TooManyJobsError] * (MANY - 2)


@pytest.mark.parametrize("step", ["free_bytes", "begin"])
def test_who_is_refused_late_gives_the_place_back(
    make_jobs: MakeJobs, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*arguments: object) -> int:
        raise DiskFullError("The disk of this box is full.")

    jobs = make_jobs(max_jobs=1)
    with monkeypatch.context() as disk:
        disk.setattr(JobFiles, step, full)
        assert set(at_once(lambda number: jobs.desk.create("device", REQUEST))) == {DiskFullError, TooManyJobsError}
    assert jobs.desk.create("device", REQUEST) in list(jobs.shelf)
