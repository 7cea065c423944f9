"""The cost of models: time a frame and session against batch size, all models of a comparison in the same run."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from export.runtime import FrameRunner

BATCHES = (1, 8, 32)
FRAMES_A_ROUND = 20
SPREAD_PERCENTILES = (10, 90)


@dataclass(frozen=True)
class Speed:
    """Microseconds of processor time for one frame of one session at a batch size, and how many times faster than fp32.

    `ratio` is the median of the ratios of all rounds, `ratio_low` and `ratio_high` their 10th and 90th percentiles: both files
    run in turn within a round, so that a busy machine hits both alike.
    """

    batch: int
    fp32_us: float
    int8_us: float
    ratio: float
    ratio_low: float
    ratio_high: float

    def to_dict(self) -> dict[str, float]:
        """Return the speed as JSON-ready values."""
        return asdict(self)


def compare_speed(
    fp32: Path | bytes, models: dict[str, bytes] | dict[str, Path], batches: tuple[int, ...], rounds: int
) -> dict[str, list[Speed]]:
    """Return the speed of each of `models` against `fp32` at every batch size, on one thread."""
    runners = {"": FrameRunner(fp32), **{name: FrameRunner(model) for name, model in models.items()}}
    speeds: dict[str, list[Speed]] = {name: [] for name in models}
    for batch in tqdm(batches, desc="speed", unit="batch size"):
        times: dict[str, list[float]] = {name: [] for name in runners}
        for runner in runners.values():
            _frame_s(runner, batch)
        for _ in range(rounds):
            for name, runner in runners.items():
                times[name].append(_frame_s(runner, batch) / batch * 1e6)
        for name, found in speeds.items():
            found.append(_speed(batch, times[""], times[name]))
    return speeds


def bench(fp32: Path, int8: Path, batches: tuple[int, ...] = BATCHES, rounds: int = 15) -> list[Speed]:
    """Return the speed of one file against another at every batch size."""
    return compare_speed(fp32, {"int8": int8}, batches, rounds)["int8"]


def _speed(batch: int, fp32_us: list[float], int8_us: list[float]) -> Speed:
    ratios = np.array(fp32_us) / np.array(int8_us)
    low, high = np.percentile(ratios, SPREAD_PERCENTILES)
    medians = float(np.median(fp32_us)), float(np.median(int8_us)), float(np.median(ratios))
    return Speed(batch, *medians, float(low), float(high))


def _frame_s(runner: FrameRunner, batch: int) -> float:
    shape = next(item.shape for item in runner.session.get_inputs() if item.name == runner.frame_input)
    frame = 0.1 * np.random.default_rng(batch).normal(size=(batch, *shape[1:]))
    inputs = {runner.frame_input: frame.astype(np.float32), **runner.initial_states(batch)}
    # onnxruntime runs in this thread alone, so what other processes take from the processor is not in its time.
    began = time.thread_time()
    for _ in range(FRAMES_A_ROUND):
        runner.session.run(None, inputs)
    return (time.thread_time() - began) / FRAMES_A_ROUND
