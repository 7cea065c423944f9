"""The equality ladder: from the trained network to the int8 file, each rung proven equal to the one below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from export import stft
from export.errors import EqualityError, QuantizationError
from export.forms import (
    batch_difference,
    by_frame,
    chunk_difference,
    drift_db,
    error_db,
    largest_hop_rms,
    offline,
    samples_of,
    through_engine,
)
from export.metadata import Names
from export.model import Denoiser
from export.operators import OperatorCount, count_operators
from export.products import find_products
from export.runtime import FrameRunner

FLOAT_TOLERANCE = 1e-5
"""Largest RMS of the difference over any hop, for samples in [-1, 1], between float forms of the model: a third of a 16-bit
step. Single samples may differ by a little more, since onnxruntime approximates sigmoid and tanh to 3e-7 only."""

INT8_TOLERANCE_DB = -25.0
"""Error of int8 against fp32, relative to the fp32 output. Inaudible below the residual noise; quality is in `evaluate`."""

SERVED_TOLERANCE_DB = -40.0
"""Error of the server's engine against int8 frame by frame: its FFT rounds otherwise in the last bit, which flips a few
integer activations by one step."""

DRIFT_TOLERANCE_DB = 1.0
"""How much larger the int8 error may be when ten seconds are heard for the sixth time than for the second."""

REPEATS = 6


@dataclass(frozen=True)
class Rung:
    """One proven equality: the difference found and the one allowed."""

    name: str
    difference: float
    tolerance: float

    def to_dict(self) -> dict[str, object]:
        """Return the rung as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Verification:
    """All rungs, and the operators that onnxruntime runs."""

    rungs: tuple[Rung, ...]
    operators: OperatorCount

    def to_dict(self) -> dict[str, object]:
        """Return the results as JSON-ready values."""
        return {"rungs": [rung.to_dict() for rung in self.rungs], "operators": asdict(self.operators)}


class Ladder:
    """Rungs that held so far."""

    def __init__(self, report: Callable[[Rung], None]) -> None:
        self.rungs: list[Rung] = []
        self._report = report

    def climb(self, name: str, difference: float, tolerance: float) -> None:
        """Note a rung that holds. Raises EqualityError if it does not; NaN does not hold."""
        if not difference <= tolerance:
            raise EqualityError(name, difference, tolerance)
        self.rungs.append(Rung(name, difference, tolerance))
        self._report(self.rungs[-1])


def verify(
    model: Denoiser, names: Names, noisy: NDArray[np.float32], report: Callable[[Rung], None] = lambda rung: None
) -> Verification:
    """Climb the ladder with `noisy` float32 `[n]`, ten seconds at the model's rate heard six times, and return what was found.

    Raises EqualityError at the first rung that does not hold, QuantizationError if a product runs in float.
    """
    ladder = Ladder(report)
    rate_hz, hop = model.spec.sample_rate_hz, model.spec.hop_samples
    noisy = np.tile(noisy[: 10 * rate_hz // hop * hop], REPEATS)
    spectra = stft.analyse(torch.from_numpy(noisy)[None], model.spec).numpy()
    whole = samples_of(model, offline(model, spectra))
    framed = samples_of(model, by_frame(model, spectra))
    fp32 = samples_of(model, FrameRunner(names.fp32).stream(spectra))
    int8 = samples_of(model, FrameRunner(names.int8).stream(spectra))
    ladder.climb(
        "torch offline = torch frame by frame (RMS of a hop)", largest_hop_rms(whole - framed, hop), FLOAT_TOLERANCE
    )
    ladder.climb(
        "torch offline = ONNX fp32 frame by frame (RMS of a hop)", largest_hop_rms(whole - fp32, hop), FLOAT_TOLERANCE
    )
    ladder.climb("int8 = fp32 (error in dB)", error_db(int8, fp32), INT8_TOLERANCE_DB)
    ladder.climb("no drift of int8 over 60 s (dB)", drift_db(int8, fp32, REPEATS), DRIFT_TOLERANCE_DB)
    ladder.climb("alone = batched, bit for bit", batch_difference(names.int8, spectra), 0.0)
    ladder.climb(
        "irregular chunks = one chunk, bit for bit", chunk_difference(names.int8, noisy[: 10 * rate_hz], rate_hz), 0.0
    )
    delay = model.spec.window_samples - hop
    served = through_engine(names.int8, [noisy], rate_hz)
    ladder.climb(
        "server engine = int8 frame by frame (error in dB)",
        error_db(served[:-delay], int8[delay:]),
        SERVED_TOLERANCE_DB,
    )
    return Verification(tuple(ladder.rungs), check_operators(names))


def check_operators(names: Names) -> OperatorCount:
    """Return the operators of the int8 file. Raises QuantizationError if a product of the fp32 graph is not in integers."""
    expected = len(find_products(onnx.load(names.fp32).graph))
    operators = count_operators(names.int8)
    if operators.integer != expected or operators.float:
        raise QuantizationError(
            f"{names.int8.name}: {operators.integer} of {expected} products run in integers, {operators.float} in float."
        )
    return operators
