"""The ranges of activations on streamed audio, states included, for static quantization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from tqdm import tqdm

from export.contract import StateBounds
from export.errors import CalibrationError, ContractError, NotFiniteError
from export.graph.layers import CONVOLUTION, find_layers
from export.integers.weights import Range
from export.runtime import FrameRunner

MARGIN = 1.1
"""Head-room over the largest value seen: audio on a stranger's desk is louder in some feature than ours was.

With 1.25, every other sound lost so much precision that residual noise came out wrong by more than `verify` allows.
"""

ROUNDING = 1.001
"""By how much float rounding may carry a state over its bound."""

KEPT_FRAMES = 24
"""Frames whose activations are kept, spread over the whole stream, to measure single layers with."""


@dataclass(frozen=True)
class Calibration:
    """What streamed audio showed: the range of every activation, and some of its values."""

    ranges: dict[str, Range]
    samples: dict[str, NDArray[np.float32]]


def calibrate(graph: onnx.ModelProto, frames: NDArray[np.float32], bounds: StateBounds) -> Calibration:
    """Return ranges and samples of every layer's activation while `frames` `[streams, time, ...]` stream through `graph`.

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
    watched = _watch(graph, sorted(names), frames)
    aliases = _state_aliases(graph.graph, bounds)
    _check_bounds(watched.ranges, aliases)
    ranges = {name: _range(seen, aliases.get(name)) for name, seen in watched.ranges.items()}
    return Calibration(ranges, watched.samples)


def _watch(graph: onnx.ModelProto, names: list[str], frames: NDArray[np.float32]) -> Calibration:
    runner = FrameRunner(with_outputs(graph, names))
    states = runner.initial_states(len(frames))
    low, high = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    kept: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    every = max(1, frames.shape[1] // KEPT_FRAMES)
    for index in tqdm(range(frames.shape[1]), desc="calibrate", unit="frame"):
        inputs = {runner.frame_input: np.ascontiguousarray(frames[:, index]), **states}
        outputs = runner.run(inputs)
        states = runner.next_states(outputs)
        _check_numbers(outputs)
        for name in names:
            values = outputs[name] if name in outputs else inputs[name]
            low[name], high[name] = min(low[name], float(values.min())), max(high[name], float(values.max()))
            if index % every == every - 1:
                kept[name].append(values)
    samples = {name: np.concatenate(values) for name, values in kept.items() if values}
    return Calibration({name: Range(low[name], high[name]) for name in names}, samples)


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
