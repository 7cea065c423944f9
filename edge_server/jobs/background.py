"""Background files, composed: what is known of them, their files, and the work."""

from __future__ import annotations

from collections.abc import Callable

from edge_server.config import Settings
from edge_server.errors import DataFolderError
from edge_server.jobs.desk import JobDesk
from edge_server.jobs.file_run import FileRun
from edge_server.jobs.job_files import JobFiles
from edge_server.jobs.job_log import JobLogs
from edge_server.jobs.job_store import JobStore
from edge_server.jobs.off_loop import DiskThread
from edge_server.jobs.recovery import take_up
from edge_server.jobs.runner import JobRunner
from edge_server.jobs.shelf import JobShelf
from edge_server.store.database import Database


class BackgroundJobs:
    """The jobs of one box. `clock` never goes back, `unix_clock` gives Unix seconds. Thread: the network loop's."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        disk: DiskThread,
        run: FileRun,
        clock: Callable[[], float],
        unix_clock: Callable[[], float],
    ) -> None:
        store = JobStore(database)
        logs = JobLogs(store, disk, settings.max_job_log_entries, unix_clock)
        self._folder = settings.jobs_folder
        self.shelf = JobShelf(store, logs, disk, settings.job_ttl_s, unix_clock)
        self.files = JobFiles(settings.jobs_folder)
        self.runner = JobRunner(settings, self.shelf, self.files, disk, run, clock)
        self.desk = JobDesk(settings, self.shelf, self.files, disk, clock, self.runner.wake)

    def start(self) -> None:
        """Go on with what a stop has interrupted. Raises `DataFolderError`."""
        self.runner.working = True
        try:
            take_up(self.shelf, self.files)
        except OSError as error:
            raise DataFolderError(f"The folder {self._folder} cannot be used ({error}).") from error
        self.runner.wake()

    def stop(self) -> None:
        """Begin nothing more; what runs goes back to the queue."""
        self.runner.working = False
