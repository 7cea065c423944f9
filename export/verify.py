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

DRIFT_TOLERANCE_DB = 3.0
"""How much larger the int8 error of the last ten of sixty seconds may be than that of the first ten."""


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


def verify(
    model: Denoiser, names: Names, noisy: NDArray[np.float32], report: Callable[[Rung], None] = lambda rung: None
) -> Verification:
    """Climb the ladder with `noisy` float32 `[n]`, sixty seconds or more at the model's rate, and return what was found.

    Raises EqualityError at the first rung that does not hold, QuantizationError if a product runs in float.
    """
    rungs: list[Rung] = []

    def climb(name: str, difference: float, tolerance: float) -> None:
        if not difference <= tolerance:
            raise EqualityError(name, difference, tolerance)
        rungs.append(Rung(name, difference, tolerance))
        report(rungs[-1])

    rate_hz, hop = model.spec.sample_rate_hz, model.spec.hop_samples
    noisy = noisy[: len(noisy) // hop * hop]
    spectra = stft.analyse(torch.from_numpy(noisy)[None], model.spec).numpy()
    whole = samples_of(model, offline(model, spectra))
    framed = samples_of(model, by_frame(model, spectra))
    climb("torch offline = torch frame by frame", largest_hop_rms(whole - framed, hop), FLOAT_TOLERANCE)
    fp32 = samples_of(model, FrameRunner(names.fp32).stream(spectra))
    climb("torch offline = ONNX fp32 frame by frame", largest_hop_rms(whole - fp32, hop), FLOAT_TOLERANCE)
    int8 = samples_of(model, FrameRunner(names.int8).stream(spectra))
    climb("int8 = fp32 (error in dB)", error_db(int8, fp32), INT8_TOLERANCE_DB)
    climb(
        "no drift: int8 error of the last 10 s over the first 10 s (dB)",
        drift_db(int8, fp32, rate_hz),
        DRIFT_TOLERANCE_DB,
    )
    climb("alone = batched, bit for bit", batch_difference(names.int8, spectra), 0.0)
    climb(
        "irregular chunks = one chunk, bit for bit", chunk_difference(names.int8, noisy[: 10 * rate_hz], rate_hz), 0.0
    )
    delay = model.spec.window_samples - hop
    served = through_engine(names.int8, [noisy], rate_hz)
    climb(
        "server engine = int8 frame by frame (error in dB)",
        error_db(served[:-delay], int8[delay:]),
        SERVED_TOLERANCE_DB,
    )
    return Verification(tuple(rungs), check_operators(names))


def check_operators(names: Names) -> OperatorCount:
    """Return the operators of the int8 file. Raises QuantizationError if a product of the fp32 graph is not in integers."""
    expected = len(find_products(onnx.load(names.fp32).graph))
    operators = count_operators(names.int8)
    if operators.integer != expected or operators.float:
        raise QuantizationError(
            f"{names.int8.name}: {operators.integer} of {expected} products run in integers, {operators.float} in float."
        )
    return operators
