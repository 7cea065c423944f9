"""The ranges of activations on streamed audio, states included, for static quantization."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from tqdm import tqdm

from export.errors import CalibrationError
from export.products import find_products
from export.runtime import FrameRunner

MARGIN = 1.25
"""Head-room over the largest value seen: audio on a stranger's desk is louder in some feature than ours was."""


@dataclass(frozen=True)
class Range:
    """Smallest and largest value of an activation, widened to hold zero."""

    low: float
    high: float


def calibrate(fp32: Path, spectra: NDArray[np.float32]) -> dict[str, Range]:
    """Return the range of every product's activation while `spectra` `[streams, frames, bins, 2]` stream through `fp32`.

    States are bounded by their tanh, so their range is [-1, 1] whatever was seen. Raises CalibrationError without audio.
    """
    if spectra.size == 0 or not np.any(spectra):
        raise CalibrationError("The calibration audio is empty or silent; give a folder with noisy speech.")
    graph = onnx.load(fp32)
    states = {item.name for item in graph.graph.input if item.name.startswith("state_in_")}
    names = sorted({product.activation for product in find_products(graph.graph)})
    ranges = _watch(graph, names, spectra)
    return {name: _widened(name in _state_aliases(graph.graph, states), seen) for name, seen in ranges.items()}


def _watch(graph: onnx.ModelProto, names: list[str], spectra: NDArray[np.float32]) -> dict[str, Range]:
    known = {value.name for value in graph.graph.output} | {value.name for value in graph.graph.input}
    for name in names:
        if name not in known:
            graph.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    runner = FrameRunner(graph.SerializeToString())
    states = runner.initial_states(len(spectra))
    low, high = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for index in tqdm(range(spectra.shape[1]), desc="calibrate", unit="frame"):
        inputs = {"spectrum": np.ascontiguousarray(spectra[:, index]), **states}
        outputs = runner.run(inputs)
        states = runner.next_states(outputs)
        for name in names:
            values = outputs[name] if name in outputs else inputs[name]
            low[name], high[name] = min(low[name], float(values.min())), max(high[name], float(values.max()))
    return {name: Range(low[name], high[name]) for name in names}


def _state_aliases(graph: onnx.GraphProto, states: set[str]) -> set[str]:
    """Return the names of states and of states that were only reshaped."""
    aliases = set(states)
    for node in graph.node:
        if node.op_type == "Reshape" and node.input[0] in aliases:
            aliases.add(node.output[0])
    return aliases


def _widened(is_state: bool, seen: Range) -> Range:
    if is_state:
        return Range(-1.0, 1.0)
    return Range(seen.low * MARGIN, seen.high * MARGIN)
