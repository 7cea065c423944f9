"""The `engine` benchmark: frames per second of the whole tick against the batch size."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from edge_server.audio.stft import Float32
from edge_server.engine.denoiser import Denoiser
from edge_server.engine.model_file import SHIPPED_SUFFIX, ModelFile, load_model, open_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority, StreamHandle
from edge_server.engine.worker import Engine

DEFAULT_BATCHES = (1, 2, 4, 8, 16, 32, 64)
SAMPLE_RATE_HZ = 48000
REPEATS = 3
"""The fastest of so many: what else runs on the machine can only slow a row down."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One measurement: `streams` live streams, each batch of at most `batch` of them in one model run.

    `us_per_frame` is the whole tick; `model_us_per_frame` is what of it the model's run takes. `ratio_to_single` compares
    with one run for each frame of as many streams; `live_streams_per_core` is how many streams one core keeps up with at
    80 % load.
    """

    precision: str
    batch: int
    frames_per_s: float
    us_per_frame: float
    model_us_per_frame: float
    ratio_to_single: float
    live_streams_per_core: int


def run_engine_benchmark(
    model_path: Path,
    batches: tuple[int, ...] = DEFAULT_BATCHES,
    *,
    fp32_path: Path | None = None,
    seconds_per_row: float = 1.0,
) -> dict[str, Any]:
    """Measure the tick (STFT, gather, run, mask, scatter, iSTFT) of the int8 model and of its fp32 form.

    `fp32_path` defaults to the `NAME.fp32.onnx` beside the model, and without either there are no rows of fp32. Gives
    `{"benchmark", "model", "sample_rate_hz", "rows": [EngineRow as a dict], "fp32_to_int8": [{"batch", "tick", "model"}]}`:
    how many times as long fp32 takes, for the whole tick and for the model's run alone. Raises the model errors of
    `load_model`.
    """
    models = {"int8": load_model(model_path)}
    beside = model_path.with_name(model_path.name.removesuffix(SHIPPED_SUFFIX) + ".fp32.onnx")
    if fp32_path is not None or beside.is_file():
        models["fp32"] = open_model(fp32_path or beside)
    rows = [row for precision, model in models.items() for row in _rows(precision, model, batches, seconds_per_row)]
    return {
        "benchmark": "engine",
        "model": models["int8"].facts.name,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "rows": [asdict(row) for row in rows],
        "fp32_to_int8": [_precisions_compared(int8, fp32) for int8, fp32 in _pairs(rows)],
    }


def engine_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    head = f"{'':6}{'batch':>6}{'frames/s':>11}{'us/frame':>10}{'model':>10}{'x single':>10}{'streams/core':>14}"
    lines = [f"Engine, model {result['model']}, streams of {result['sample_rate_hz']} Hz, one core", head]
    lines += [
        f"{row['precision']:6}{row['batch']:6d}{row['frames_per_s']:11.0f}{row['us_per_frame']:10.1f}"
        f"{row['model_us_per_frame']:10.1f}{row['ratio_to_single']:10.2f}{row['live_streams_per_core']:14d}"
        for row in result["rows"]
    ]
    lines += [
        f"int8 at batch {pair['batch']}: {pair['tick']:.2f} times as fast as fp32, the model alone {pair['model']:.2f} times"
        for pair in result["fp32_to_int8"]
    ]
    return "\n".join(lines)


def _rows(precision: str, model: ModelFile, batches: tuple[int, ...], seconds: float) -> list[EngineRow]:
    facts = model.facts
    frames_per_stream_s = facts.sample_rate_hz / facts.hop_samples
    rows = []
    for batch in batches:
        frame_s = _frame_time_s(model, batch, batch, seconds)
        single_s = frame_s if batch == 1 else _frame_time_s(model, batch, 1, seconds)
        rows.append(
            EngineRow(
                precision=precision,
                batch=batch,
                frames_per_s=1 / frame_s,
                us_per_frame=1e6 * frame_s,
                model_us_per_frame=1e6 * _model_time_s(model, batch, seconds),
                ratio_to_single=single_s / frame_s,
                live_streams_per_core=int(0.8 / frame_s / frames_per_stream_s),
            )
        )
    return rows


def _frame_time_s(model: ModelFile, streams: int, max_batch: int, seconds: float) -> float:
    engine = Engine(
        model, EngineConfig(max_streams=streams, max_file_streams=0, max_batch=max_batch), wake=lambda: None
    )
    geometry = model.facts.geometry(SAMPLE_RATE_HZ)
    handles = [engine.open_stream(geometry, None, Priority.LIVE) for _ in range(streams)]
    hop = 0.1 * np.random.default_rng(0).standard_normal(geometry.hop_samples).astype(np.float32)
    return _fastest_s(lambda: _round(engine, handles, hop), seconds) / streams


def _model_time_s(model: ModelFile, batch: int, seconds: float) -> float:
    run = Denoiser(model, batch).prepare(batch)
    run.spectrum[:] = 0.1 * np.random.default_rng(0).standard_normal(run.spectrum.shape)
    for values in run.states.values():
        values[:] = 0.0
    return _fastest_s(run.compute, seconds) / batch


def _fastest_s(action: Callable[[], None], seconds: float) -> float:
    action()  # the first run allocates
    return min(_mean_s(action, seconds / REPEATS) for _ in range(REPEATS))


def _mean_s(action: Callable[[], None], seconds: float) -> float:
    times, started_s = 0, perf_counter()
    while (elapsed_s := perf_counter() - started_s) < seconds or not times:
        action()
        times += 1
    return elapsed_s / times


def _round(engine: Engine, handles: list[StreamHandle], hop: Float32) -> None:
    for handle in handles:
        engine.submit(handle, hop, math.inf)
    engine.run_inline()
    engine.drain()


def _pairs(rows: list[EngineRow]) -> list[tuple[EngineRow, EngineRow]]:
    fp32 = {row.batch: row for row in rows if row.precision == "fp32"}
    return [(row, fp32[row.batch]) for row in rows if row.precision == "int8" and row.batch in fp32]


def _precisions_compared(int8: EngineRow, fp32: EngineRow) -> dict[str, float]:
    return {
        "batch": int8.batch,
        "tick": round(fp32.us_per_frame / int8.us_per_frame, 2),
        "model": round(fp32.model_us_per_frame / int8.model_us_per_frame, 2),
    }
