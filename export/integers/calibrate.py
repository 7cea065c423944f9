"""What activations are on streamed audio, states included, for static quantization."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from tqdm import tqdm

from export.contract import StateBounds
from export.errors import CalibrationError, ContractError, NotFiniteError
from export.graph.layers import CONVOLUTION, PRODUCT, Layer, find_layers
from export.integers.calibration import Calibration
from export.integers.evening import evening_factors, largest_weights
from export.integers.weights import Range
from export.runtime import FrameRunner

MARGIN = 1.1
"""Head-room over the largest value seen: audio on a stranger's desk is louder in some feature than ours was.

Head-room takes precision from every other sound: for `hush`, a decibel with each tenth.
"""

ROUNDING = 1.001
"""By how much float rounding may carry a state over its bound."""

MOMENTS_EVERY = 4
"""Every so many frames count in the second moments: neighbours say nearly the same."""

KEPT_FRAMES = 24
"""Frames whose activations are kept, spread over the whole stream, to measure single layers with."""


def calibrate(graph: onnx.ModelProto, frames: NDArray[np.float32], bounds: StateBounds) -> Calibration:
    """Return what is known of every layer's activation after `frames` `[streams, time, ...]` streamed through `graph`.

    States run on from frame to frame, as they will when it is served. States with a bound have that range, whatever was seen.
    Raises CalibrationError without audio.
    """
    if frames.size == 0 or not np.any(frames):
        raise CalibrationError("The calibration audio is empty or silent; give a folder with noisy speech.")
    if not np.isfinite(frames).all():
        raise CalibrationError("The calibration audio holds NaN or infinite samples; check the recordings.")
    layers = find_layers(graph.graph)
    names = {layer.activation for layer in layers} | {part.name for layer in layers for part in layer.parts}
    names |= {layer.output for layer in layers if layer.kind == CONVOLUTION}
    products = {layer.activation for layer in layers if layer.kind == PRODUCT}
    watched = _watch(graph, sorted(names), products, frames)
    aliases = _state_aliases(graph.graph, bounds)
    _check_bounds({name: seen.range() for name, seen in watched.items()}, aliases)
    factors = _factors(watched, layers, aliases)
    ranges = {name: _range(seen.range(factors.get(name)), aliases.get(name)) for name, seen in watched.items()}
    samples = {name: np.concatenate(seen.kept) for name, seen in watched.items() if seen.kept}
    return Calibration(ranges, samples, factors, {name: watched[name].moments() for name in products})


class _Watched:
    """What one tensor was: channels are along its last axis."""

    def __init__(self) -> None:
        self.kept: list[NDArray[np.float32]] = []
        self.low: NDArray[np.float32] = np.zeros(1, np.float32)
        self.high: NDArray[np.float32] = np.zeros(1, np.float32)
        self._products: NDArray[np.float64] = np.zeros((1, 1))
        self._rows = 0

    def see(self, values: NDArray[np.float32], with_moments: bool) -> None:
        """Count the values of one frame."""
        rows = values.reshape(-1, values.shape[-1])
        self.low, self.high = np.minimum(self.low, rows.min(axis=0)), np.maximum(self.high, rows.max(axis=0))
        if with_moments:
            self._products = self._products + rows.T @ rows
            self._rows += len(rows)

    def range(self, factors: NDArray[np.float32] | None = None) -> Range:
        """Return smallest and largest value of all, of channels divided by `factors` if there are any."""
        by = np.float32(1) if factors is None else factors
        return Range(float((self.low / by).min()), float((self.high / by).max()))

    def moments(self) -> NDArray[np.float64]:
        """Return the mean `[channels, channels]` of rows times themselves."""
        return self._products / self._rows


def _watch(
    graph: onnx.ModelProto, names: list[str], products: set[str], frames: NDArray[np.float32]
) -> dict[str, _Watched]:
    runner = FrameRunner(with_outputs(graph, names))
    states = runner.initial_states(len(frames))
    watched = {name: _Watched() for name in names}
    every = max(1, frames.shape[1] // KEPT_FRAMES)
    for index in tqdm(range(frames.shape[1]), desc="calibrate", unit="frame"):
        inputs = {runner.frame_input: np.ascontiguousarray(frames[:, index]), **states}
        outputs = runner.run(inputs)
        states = runner.next_states(outputs)
        _check_numbers(outputs)
        for name, seen in watched.items():
            values = outputs[name] if name in outputs else inputs[name]
            seen.see(values, name in products and index % MOMENTS_EVERY == 0)
            if index % every == every - 1:
                seen.kept.append(values)
    return watched


def _factors(
    watched: dict[str, _Watched], layers: list[Layer], aliases: dict[str, float]
) -> dict[str, NDArray[np.float32]]:
    """Return the factors of the activations that need them; states have a range by promise, and keep it."""
    found = {
        name: evening_factors(np.maximum(watched[name].high, -watched[name].low), weights)
        for name, weights in largest_weights(layers).items()
        if name not in aliases
    }
    return {name: factors for name, factors in found.items() if factors is not None}


def _check_numbers(outputs: dict[str, NDArray[np.float32]]) -> None:
    broken = [name for name, values in outputs.items() if not np.isfinite(values).all()]
    if broken:
        raise NotFiniteError(
            f"While recordings stream through the model, {broken[0]} becomes NaN or infinite: add a small number before every "
            "division, logarithm and root, and see that no state grows without end."
        )


def _check_bounds(ranges: dict[str, Range], bounds: dict[str, float]) -> None:
    for name, bound in bounds.items():
        seen = max(abs(ranges[name].low), abs(ranges[name].high)) if name in ranges else 0.0
        if seen > bound * ROUNDING:
            raise ContractError(
                f"{name} reaches {seen:.4g}, and its StateSpec says bound={bound:g}; correct or drop it."
            )


def with_outputs(graph: onnx.ModelProto, names: list[str]) -> bytes:
    """Return `graph` with the tensors `names` among its outputs."""
    copied = onnx.ModelProto()
    copied.CopyFrom(graph)
    known = {value.name for value in (*copied.graph.output, *copied.graph.input)}
    copied.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    serialised: bytes = copied.SerializeToString()
    return serialised


def _state_aliases(graph: onnx.GraphProto, bounds: StateBounds) -> dict[str, float]:
    """Return the bounds of states and of states that were only reshaped or cut."""
    aliases = {f"state_in_{name}": bound for name, bound in bounds.items() if bound is not None}
    for node in graph.node:
        if node.op_type in ("Reshape", "Squeeze", "Unsqueeze", "Gather", "Slice", "Transpose", "Identity"):
            bound = aliases.get(node.input[0])
            if bound is not None:
                aliases[node.output[0]] = bound
    return aliases


def _range(seen: Range, bound: float | None) -> Range:
    if bound is not None:
        return Range(-bound, bound)
    return Range(seen.low * MARGIN, seen.high * MARGIN)
