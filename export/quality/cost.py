"""What a system costs: microseconds of one core for 16 ms of one session, all systems in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from export.peers import DTLN_SHIFT
from export.quality.systems import Kind, SystemSpec
from export.runtime import FrameRunner, open_session

BATCH, ROUNDS, FRAMES_A_ROUND = 32, 15, 20
FRAME_SAMPLES = 256

Run = Callable[[], object]


def measure_cost(specs: Sequence[SystemSpec], batch: int = BATCH, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the microseconds by system: models of ours in batches, peers alone, since they are made for one stream.

    Only the networks are timed, on one thread, the median of rounds in which every system has its turn, so that a busy
    machine hits all alike. RNNoise runs inside its own library and is left out.
    """
    runs = {spec.name: _frame_of(spec, batch) for spec in specs if spec.kind not in (Kind.UNPROCESSED, Kind.RNNOISE)}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (run, share) in runs.items():
            run()
            began = time.perf_counter()
            for _ in range(FRAMES_A_ROUND):
                run()
            times[name].append((time.perf_counter() - began) / FRAMES_A_ROUND * share * 1e6)
    return {name: float(np.median(found)) for name, found in times.items()}


def _frame_of(spec: SystemSpec, batch: int) -> tuple[Run, float]:
    """Return a run of the network, and which share of it one session's 16 ms are."""
    if spec.kind is Kind.DTLN:
        sessions = [open_session(path) for path in spec.files]
        inputs = [_ones(session) for session in sessions]
        both = list(zip(sessions, inputs, strict=True))
        return lambda: [session.run(None, fed) for session, fed in both], FRAME_SAMPLES / DTLN_SHIFT
    if spec.kind is Kind.STFT_PEER:
        session = open_session(spec.files[0])
        fed = _ones(session)
        return lambda: session.run(None, fed), 1.0
    runner = FrameRunner(spec.files[0])
    shape = next(item.shape for item in runner.session.get_inputs() if item.name == runner.frame_input)
    frame = 0.1 * np.random.default_rng(0).standard_normal((batch, *shape[1:])).astype(np.float32)
    batched = {runner.frame_input: frame, **runner.initial_states(batch)}
    return lambda: runner.session.run(None, batched), 1 / batch


def _ones(session: onnxruntime.InferenceSession) -> dict[str, NDArray[np.float32]]:
    # Not zeros: numbers that fade towards nothing become denormal, which some processors are slow at.
    return {item.name: np.full(item.shape, 0.01, np.float32) for item in session.get_inputs()}
