"""The equality ladder: from the trained network to the int8 file, each rung proven equal to the one below."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from export.contract import StreamingModule, check_contract
from export.errors import EqualityError, NotFiniteError, QuantizationError
from export.forms import (
    batch_difference,
    by_frame,
    chunk_difference,
    drift_db,
    error_db,
    largest,
    largest_hop_rms,
    offline,
    one_by_one,
    own_offline,
    through_engine,
)
from export.frames import to_frames, to_samples
from export.graph.operators import OperatorCount, count_operators
from export.integers.saturation import saturating_layers
from export.integers.target import TARGETS
from export.metadata import FRAMES_AT_ONCE, Names, read_facts, several_path
from export.runtime import FrameRunner
from export.several import stream_several
from export.spec import AudioSpec

FLOAT_TOLERANCE = 1e-5
"""Largest RMS of the difference over any hop, for samples in [-1, 1], between float forms of the model: a third of a 16-bit
step. Single samples may differ by a little more, since onnxruntime approximates sigmoid and tanh to 3e-7 only."""

INT8_TOLERANCE_DB = -25.0
"""Error of int8 against fp32, relative to the fp32 output. Inaudible below the residual noise; quality is in `evaluate`."""

SERVED_TOLERANCE_DB = -40.0
"""Error of the server's engine against int8 frame by frame: its FFT rounds otherwise in the last bit, which flips a few
integer activations by one step."""

DRIFT_TOLERANCE_DB = 1.0
"""How much larger the int8 error may be in the last half minute of the same ten seconds than in the first that is settled."""

WANDER_TOLERANCE_DB = 10.0
"""The same for any one stream: twice as much as the error of little but noise was seen to wander."""

ALONE = "alone = batched, bit for bit"

REPEATS = 12
HEARD_S = 10
EXCERPTS = 8


@dataclass(frozen=True)
class Rung:
    """One equality: the difference found and the one allowed."""

    name: str
    difference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the difference is allowed; NaN is not."""
        return self.difference <= self.tolerance

    def to_dict(self) -> dict[str, object]:
        """Return the rung as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Verification:
    """All rungs, and the operators that onnxruntime runs."""

    rungs: tuple[Rung, ...]
    operators: OperatorCount

    @property
    def failure(self) -> str:
        """The first rung that does not hold, as a sentence; empty if all hold."""
        broken = [rung for rung in self.rungs if not rung.holds]
        return str(EqualityError(broken[0].name, broken[0].difference, broken[0].tolerance)) if broken else ""

    def to_dict(self) -> dict[str, object]:
        """Return the results as JSON-ready values."""
        return {"rungs": [rung.to_dict() for rung in self.rungs], "operators": self.operators.to_dict()}


class Ladder:
    """The rungs climbed so far. `strict`: a rung that does not hold ends the climb."""

    def __init__(self, report: Callable[[Rung], None], strict: bool = True) -> None:
        self.rungs: list[Rung] = []
        self._report, self._strict = report, strict

    @property
    def holds(self) -> bool:
        """Whether every rung so far holds."""
        return all(rung.holds for rung in self.rungs)

    def climb(self, name: str, difference: float, tolerance: float) -> None:
        """Note a rung. Raises EqualityError if it does not hold and the ladder is strict."""
        rung = Rung(name, difference, tolerance)
        if self._strict and not rung.holds:
            raise EqualityError(name, difference, tolerance)
        self.rungs.append(rung)
        self._report(rung)


@dataclass(frozen=True)
class Climb:
    """What every rung needs: the files, what is heard, and the ladder. `excerpts` is float32 `[streams, n]`, ten seconds each."""

    names: Names
    spec: AudioSpec
    excerpts: NDArray[np.float32]
    ladder: Ladder

    @classmethod
    def make(cls, names: Names, spec: AudioSpec, noisy: NDArray[np.float32], ladder: Ladder) -> Climb:
        """Return a climb that hears excerpts of ten seconds, spread over `noisy` `[n]`, eight at most."""
        length = min(len(noisy), HEARD_S * spec.sample_rate_hz) // spec.hop_samples * spec.hop_samples
        count = min(EXCERPTS, len(noisy) // length)
        starts = np.linspace(0, len(noisy) - length, count).astype(int)
        return cls(names, spec, np.stack([noisy[start : start + length] for start in starts]), ladder)

    @property
    def once(self) -> NDArray[np.float32]:
        """The first excerpt, float32 `[n]`."""
        first: NDArray[np.float32] = self.excerpts[0]
        return first

    @property
    def repeated(self) -> NDArray[np.float32]:
        """Every excerpt `REPEATS` times in a row, float32 `[streams, REPEATS * n]`."""
        return np.tile(self.excerpts, (1, REPEATS))

    def frames(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `samples` `[streams, n]` or `[n]` as frames."""
        return to_frames(np.atleast_2d(samples), self.spec)

    def samples(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the samples `[streams, n]` of frames."""
        return to_samples(frames, self.spec)


def verify(
    model: StreamingModule,
    names: Names,
    noisy: NDArray[np.float32],
    report: Callable[[Rung], None] = lambda rung: None,
    strict: bool = True,
) -> Verification:
    """Climb the ladder with excerpts of `noisy` float32 `[n]`, ten seconds each, and return what was found.

    Raises EqualityError at the first rung that does not hold (unless not `strict`), QuantizationError if a product runs in float.
    """
    climb = Climb.make(names, model.spec, noisy, Ladder(report, strict))
    climb_floats(climb, model)
    climb_integers(climb)
    # The engine refuses what is not finite, and a rung below says more.
    if model.spec.servable and climb.ladder.holds:
        climb_engine(climb)
    return Verification(tuple(climb.ladder.rungs), check_operators(names))


def climb_floats(climb: Climb, model: StreamingModule) -> None:
    """Prove the float graph equal to the module: as it was trained, and with its layers decomposed."""
    whole, hop = check_contract(model), climb.spec.hop_samples
    minute = climb.repeated[0, : REPEATS // 2 * len(climb.once)]
    frames = climb.frames(minute if whole else climb.once)
    trained = climb.samples(offline(model, frames) if whole else one_by_one(model, frames))[0]
    label = "torch offline" if whole else "torch as trained"
    # Float rounding grows with the signal; a model may be louder than full scale.
    unit = max(1.0, float(np.abs(trained).max()))
    once = len(climb.once)

    def climb_float(name: str, other: NDArray[np.float32]) -> None:
        difference = largest_hop_rms(trained[: other.shape[1]] - other[0], hop) / unit
        climb.ladder.climb(f"{name} (RMS of a hop)", difference, FLOAT_TOLERANCE)

    if hasattr(model, "offline"):
        climb_float("the module's own offline() = torch", climb.samples(own_offline(model, frames))[:, :once])
    climb_float(f"{label} = torch frame by frame", climb.samples(by_frame(model, climb.frames(climb.once))))
    climb_float(f"{label} = ONNX fp32 frame by frame", climb.samples(FrameRunner(climb.names.fp32).stream(frames)))


def climb_integers(climb: Climb) -> None:
    """Prove the integer file close to the float file, without drift, each row by itself, and free of saturation."""
    shipped = climb.names.shipped()
    frames = climb.frames(climb.repeated)
    fp32 = climb.samples(FrameRunner(climb.names.fp32).stream(frames))
    if not np.isfinite(fp32).all():
        raise NotFiniteError(
            f"Within {REPEATS * HEARD_S} s of sound the model gives NaN or infinity: a state grows without end, or is divided by "
            "what becomes zero."
        )
    streamed = FrameRunner(shipped).stream(frames)
    int8 = climb.samples(streamed)
    climb.ladder.climb("int8 = fp32 (error in dB)", error_db(int8, fp32), INT8_TOLERANCE_DB)
    median, largest_growth = drift_db(int8, fp32, REPEATS)
    climb.ladder.climb("no drift of int8 over 2 minutes (dB)", median, DRIFT_TOLERANCE_DB)
    climb.ladder.climb("nor in any one stream (dB)", largest_growth, WANDER_TOLERANCE_DB)
    climb.ladder.climb(ALONE, batch_difference(shipped, frames[:1]), 0.0)
    if several_path(shipped).is_file():
        length = frames.shape[1] // FRAMES_AT_ONCE * FRAMES_AT_ONCE
        difference = largest(stream_several(several_path(shipped), frames[:, :length]) - streamed[:, :length])
        climb.ladder.climb(f"{FRAMES_AT_ONCE} frames at once = one by one, bit for bit", difference, 0.0)
    if TARGETS[read_facts(shipped).get("target", "auto")].adds_in_16_bits:
        saturating = saturating_layers(onnx.load(shipped))
        climb.ladder.climb("no sum saturates on AVX2 without VNNI (layers)", float(len(saturating)), 0.0)


def climb_engine(climb: Climb) -> None:
    """Prove what the server's engine makes of audio equal to the integer file frame by frame."""
    shipped, rate_hz, delay = climb.names.shipped(), climb.spec.sample_rate_hz, climb.spec.delay_samples
    heard = climb.repeated[0]
    int8 = climb.samples(FrameRunner(shipped).stream(climb.frames(heard)))[0]
    difference = chunk_difference(shipped, climb.once, rate_hz)
    climb.ladder.climb("irregular chunks = one chunk, bit for bit", difference, 0.0)
    served = through_engine(shipped, [heard], rate_hz)
    difference = error_db(served[:-delay], int8[delay:])
    climb.ladder.climb("server engine = int8 frame by frame (error in dB)", difference, SERVED_TOLERANCE_DB)


def check_operators(names: Names) -> OperatorCount:
    """Return the operators of the shipped file. Raises QuantizationError if a layer that its manifest names runs in float."""
    shipped = names.shipped()
    expected = len(json.loads(names.manifest.read_text())["quantized_products"])
    operators = count_operators(shipped)
    found = operators.integer + operators.weight_only
    if found < expected:
        raise QuantizationError(
            f"{shipped.name}: {found} of {expected} products run in integers, {operators.float} in float: onnxruntime's "
            "optimiser undid the others."
        )
    return operators
