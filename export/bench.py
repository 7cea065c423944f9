"""The cost of a model: time a frame and session against batch size, int8 beside fp32 in the same run."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from export.runtime import FrameRunner


@dataclass(frozen=True)
class Cost:
    """Microseconds for one frame of one session at a batch size, fp32 and int8, and their ratio."""

    batch: int
    fp32_us: float
    int8_us: float

    @property
    def ratio(self) -> float:
        """How many times faster int8 is."""
        return self.fp32_us / self.int8_us

    def to_dict(self) -> dict[str, float]:
        """Return the cost as JSON-ready values."""
        return {**asdict(self), "ratio": self.ratio}


def bench(fp32: Path, int8: Path, batches: tuple[int, ...], rounds: int) -> list[Cost]:
    """Return the cost at every batch size; rounds of both files alternate, so that a busy machine hits both alike."""
    runners = FrameRunner(fp32), FrameRunner(int8)
    costs = []
    for batch in batches:
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            for runner, found in zip(runners, times, strict=True):
                found.append(_frame_s(runner, batch) / batch)
        costs.append(Cost(batch, *(float(np.median(found)) * 1e6 for found in times)))
    return costs


def _frame_s(runner: FrameRunner, batch: int, frames: int = 20) -> float:
    spectrum = np.random.default_rng(batch).normal(size=(batch, *runner.session.get_inputs()[0].shape[1:]))
    inputs = {"spectrum": spectrum.astype(np.float32), **runner.initial_states(batch)}
    began = time.perf_counter()
    for _ in range(frames):
        runner.session.run(None, inputs)
    return (time.perf_counter() - began) / frames
