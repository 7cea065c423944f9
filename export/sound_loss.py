"""What a model loses in sound by integers: both files on the same recordings, scored against clean originals."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.forms import error_db
from export.frames import to_frames, to_samples
from export.metrics import score, si_sdr_db
from export.pairs import Pair
from export.runtime import FrameRunner
from export.spec import AudioSpec
from export.verdict import Quality

Samples = NDArray[np.float32]

PESQ_RATE_HZ = 16000


def measure_sound(fp32: Path, int8: Path, spec: AudioSpec, noisy: Samples, pairs: Iterable[Pair] = ()) -> Quality:
    """Return the error of `int8` on `noisy`, and the mean scores of both files on `pairs` if there are any."""
    runners = FrameRunner(fp32), FrameRunner(int8)
    error = error_db(*(denoise(runner, noisy, spec) for runner in reversed(runners)))
    scores: list[list[tuple[float, float]]] = [[], []]
    for pair in pairs:
        for runner, found in zip(runners, scores, strict=True):
            found.append(_scores(denoise(runner, pair.noisy, spec), pair))
    if not scores[0]:
        return Quality(error)
    (fp32_si_sdr, fp32_pesq), (int8_si_sdr, int8_pesq) = (np.nanmean(np.array(found), axis=0) for found in scores)
    return Quality(error, len(scores[0]), float(fp32_si_sdr), float(int8_si_sdr), _known(fp32_pesq), _known(int8_pesq))


def denoise(runner: FrameRunner, noisy: Samples, spec: AudioSpec) -> Samples:
    """Return `noisy` float32 `[n]` denoised frame by frame, aligned with the input and as long."""
    delay, hop = spec.delay_samples, spec.hop_samples
    padded = np.pad(noisy, (0, delay + -(len(noisy) + delay) % hop))
    cleaned = to_samples(runner.stream(to_frames(padded[None], spec)), spec)[0]
    aligned: Samples = cleaned[delay : delay + len(noisy)]
    return aligned


def _scores(cleaned: Samples, pair: Pair) -> tuple[float, float]:
    if pair.sample_rate_hz != PESQ_RATE_HZ:
        return si_sdr_db(cleaned, pair.clean), float("nan")
    found = score(cleaned, pair.clean, pair.sample_rate_hz)
    return found.si_sdr_db, found.pesq_wb


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
