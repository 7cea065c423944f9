"""The forms that a file may take, each built and measured; the one that wins is chosen by numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.bench import Speed, compare_speed
from export.errors import QuantizationError
from export.forms import batch_difference
from export.graph.layers import CONVOLUTION, GROUPED, PRODUCT, Layer
from export.integers.quantize import INT8, WEIGHTS4, WEIGHTS8
from export.integers.sensitivity import (
    ALLOWED_ERROR_DB,
    LayerReport,
    Workbench,
    choose_layers,
    find_by_kind,
    measure_layers,
)

INT8_CONVOLUTIONS = "int8-conv"

FORMS = {
    INT8: "matrix products in static int8",
    INT8_CONVOLUTIONS: "matrix products and convolutions in static int8",
    WEIGHTS8: "weights in 8 bits, activations quantized row by row",
    WEIGHTS4: "weights in 4 bits, activations quantized row by row",
}

KINDS = {
    INT8: (PRODUCT, GROUPED),
    INT8_CONVOLUTIONS: (PRODUCT, GROUPED, CONVOLUTION),
    WEIGHTS8: (PRODUCT,),
    WEIGHTS4: (PRODUCT,),
}
"""The layers that a form changes."""

WORTH_CHANGING = 1.1
"""How much faster a later form has to be to be taken instead of an earlier one."""


@dataclass(frozen=True)
class Candidate:
    """One form of the model: its layers, its file, what it does to the output, and how fast it is.

    `error_db`: error of the output against fp32. `batch_difference`: largest difference between alone and batched; 0 or it
    cannot be served.
    """

    form: str
    layers: tuple[LayerReport, ...]
    model: bytes
    error_db: float
    batch_difference: float
    speeds: tuple[Speed, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether the output is close enough to fp32 and no row hears another."""
        return self.error_db <= ALLOWED_ERROR_DB and self.batch_difference == 0

    @property
    def speedup(self) -> float:
        """The geometric mean, over batch sizes, of how many times faster it is than fp32."""
        return float(np.exp(np.mean([np.log(speed.ratio) for speed in self.speeds]))) if self.speeds else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as JSON-ready values, without its layers."""
        return {
            "form": self.form,
            "description": FORMS[self.form],
            "size_bytes": len(self.model),
            "error_db": self.error_db,
            "batch_difference": self.batch_difference,
            "sound": self.sound,
            "float_layers": [layer.name for layer in self.layers if layer.form == "float"],
            "speeds": [speed.to_dict() for speed in self.speeds],
        }


def build_candidates(bench: Workbench, forms: tuple[str, ...]) -> list[Candidate]:
    """Return a candidate for each of `forms` that has a layer to change. Raises QuantizationError if none has."""
    built = [_build(bench, form) for form in forms if _layers(bench, form)]
    if not built:
        raise QuantizationError(
            f"No layer with constant weights can be written as {' or '.join(forms)}, so it would change nothing; keep fp32."
        )
    return built


def measure_speed(fp32: bytes, candidates: list[Candidate], batches: tuple[int, ...], rounds: int) -> list[Candidate]:
    """Return `candidates` with their speeds against `fp32`, all measured in the same run."""
    models = {candidate.form: candidate.model for candidate in candidates}
    speeds = compare_speed(fp32, models, batches, rounds)
    return [replace(candidate, speeds=tuple(speeds[candidate.form])) for candidate in candidates]


def choose(candidates: list[Candidate]) -> Candidate:
    """Return the fastest sound candidate, an earlier one unless a later is clearly faster; the first if none is sound."""
    sound = [candidate for candidate in candidates if candidate.sound]
    if not sound:
        return candidates[0]
    best = sound[0]
    for candidate in sound[1:]:
        if candidate.speedup > WORTH_CHANGING * best.speedup:
            best = candidate
    return best


def _layers(bench: Workbench, form: str) -> list[Layer]:
    layers = find_by_kind(bench.model, KINDS[form])
    has_convolution = any(layer.kind == CONVOLUTION for layer in layers)
    return [] if form == INT8_CONVOLUTIONS and not has_convolution else layers


def _build(bench: Workbench, form: str) -> Candidate:
    """Return a candidate; its layers are measured one by one only if together they cost too much."""
    together = {layer.name: _layer_form(form) for layer in _layers(bench, form)}
    error, reports = bench.error_db(together), []
    if not error <= ALLOWED_ERROR_DB:  # NaN is not allowed either
        reports = choose_layers(bench, measure_layers(bench, _layers(bench, form), _layer_form(form)))
        together = {report.name: report.form for report in reports if report.form != "float"}
        error = bench.error_db(together)
    model = bench.build(together)
    return Candidate(form, tuple(reports), model, error, batch_difference(model, _one_stream(bench.frames)))


def with_layers(bench: Workbench, candidate: Candidate) -> Candidate:
    """Return `candidate` with all of its layers measured."""
    if candidate.layers:
        return candidate
    layers = _layers(bench, candidate.form)
    return replace(candidate, layers=tuple(measure_layers(bench, layers, _layer_form(candidate.form))))


def _layer_form(form: str) -> str:
    return INT8 if form == INT8_CONVOLUTIONS else form


def _one_stream(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    return frames.reshape(1, -1, *frames.shape[2:])
