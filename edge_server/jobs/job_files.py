"""The files of jobs on the disk: a folder for each."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from pathlib import Path

from edge_server.errors import DiskFullError, NotFoundError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class JobFiles:
    """Uploads as they come, and clean files. Every call waits for the disk. Thread: one at a time, any."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def upload(self, job_id: str) -> Path:
        """Where the upload of a job is."""
        return self._folder / job_id / "upload"

    def result(self, job_id: str) -> Path:
        """Where the clean file of a job is, once it is complete."""
        return self._folder / job_id / "clean"

    def partial_result(self, job_id: str) -> Path:
        """Where the clean file of a job is while it is being written."""
        return self._folder / job_id / "clean.part"

    def begin(self, job_id: str) -> None:
        """Make an empty upload. Raises `DiskFullError`."""
        try:
            self.upload(job_id).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.upload(job_id).touch(0o600)
        except OSError as error:
            raise _told(error) from error

    def append(self, job_id: str, offset: int, data: bytes) -> None:
        """Put a chunk at the end of an upload, whole or not at all. Raises `DiskFullError` and `NotFoundError`."""
        try:
            with self.upload(job_id).open("r+b", buffering=0) as file:
                try:
                    file.seek(offset)
                    _write_all(file.fileno(), data)
                except OSError:
                    file.truncate(offset)
                    raise
        except OSError as error:
            raise _told(error) from error

    def link_upload(self, job_id: str, other_id: str) -> None:
        """Give another job the same upload. Raises `DiskFullError` and `NotFoundError`."""
        try:
            self.upload(other_id).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.upload(other_id).hardlink_to(self.upload(job_id))
        except OSError as error:
            raise _told(error) from error

    def finish(self, job_id: str) -> int:
        """Give the clean file its name, and its bytes."""
        partial = self.partial_result(job_id)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(self.result(job_id))
        return self.result(job_id).stat().st_size

    def discard_partial(self, job_id: str) -> None:
        """Remove a clean file that was not completed."""
        self.partial_result(job_id).unlink(missing_ok=True)

    def remove(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def received_bytes(self, job_id: str) -> int:
        """How much of an upload is there."""
        try:
            return self.upload(job_id).stat().st_size
        except OSError:
            return 0

    def remove_all_but(self, job_ids: Collection[str]) -> None:
        """Remove the folders of jobs that nobody knows. Raises `OSError` when the folder cannot be used."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in self._folder.iterdir():
            if folder.name not in job_ids:
                shutil.rmtree(folder, ignore_errors=True)

    def free_bytes(self) -> int:
        """What the disk has left."""
        return shutil.disk_usage(self._folder).free


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _told(error: OSError) -> Exception:
    if error.errno in _FULL:
        return DiskFullError("The disk of this box is full.")
    if error.errno == errno.ENOENT:
        return NotFoundError("The files of this job are gone.")
    return error
