"""How far a running job is, told a few times a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_server.jobs.job import Job
from edge_server.jobs.job_log import DETAIL, INFO, JobLogs
from edge_server.jobs.pace import Pace
from edge_server.jobs.wording import level_text, play_time_text

_INTERVAL_S = 0.25
_QUARTERS = 4


class JobProgress:
    """Counts clean samples of `total_samples`, which a header may have wrong.

    Thread: `wrote` one of the pool's, everything else the network loop's. Times are of a clock that never goes back.
    """

    def __init__(self, job: Job, total_samples: int, logs: JobLogs, now_s: float) -> None:
        self._job = job
        self._total_samples = max(1, total_samples)
        self._logs = logs
        self._pace = Pace(now_s)
        self._told_s = now_s
        self._quarter = 0
        self._energy = 0.0
        self._written = 0

    def elapsed_s(self, now_s: float) -> float:
        """The time since the work began."""
        return self._pace.elapsed_s(now_s)

    def wrote(self, samples: NDArray[np.int16]) -> None:
        """Take what was written since the last entry of the log into account."""
        self._energy += float(np.square(samples.astype(np.float32) / 32768).sum())
        self._written += len(samples)

    def advance(self, samples: int, now_s: float) -> bool:
        """Take note that so many samples are clean; true when it is time to tell."""
        if now_s - self._told_s < _INTERVAL_S:
            return False
        self._told_s = now_s
        self._job.progress = min(1.0, samples / self._total_samples)
        self._job.left_s = self._pace.left_s(samples, self._total_samples, now_s)
        self._write_entries(samples, now_s)
        return True

    def _write_entries(self, samples: int, now_s: float) -> None:
        audio_s = samples / (self._job.sample_rate_hz or 1)
        speed = audio_s / max(self.elapsed_s(now_s), 1e-3)
        level = level_text(self._energy / max(1, self._written))
        self._energy, self._written = 0.0, 0
        self._logs.write(
            self._job,
            DETAIL,
            f"{play_time_text(audio_s)} clean ({self._job.progress:.1%}), {speed:.0f} times real time; level {level}.",
        )
        quarter = int(_QUARTERS * self._job.progress)
        if self._quarter < quarter < _QUARTERS:
            self._quarter = quarter
            self._logs.write(self._job, INFO, f"{quarter * 100 // _QUARTERS} % done, {speed:.0f} times real time.")
