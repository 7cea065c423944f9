"""Running an ONNX denoiser frame by frame on one thread, as the server does, with explicit states."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from export.errors import DamagedModelError, ExportError, ModelFileError, UnsupportedOperatorError

Tensors = dict[str, NDArray[np.float32]]


def open_session(
    model: Path | bytes,
    optimised_to: Path | None = None,
    options: onnxruntime.SessionOptions | None = None,
) -> onnxruntime.InferenceSession:
    """Return an onnxruntime session on one thread.

    Raises DamagedModelError, UnsupportedOperatorError or ModelFileError if the model cannot be loaded.
    """
    options = options or onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if optimised_to:
        options.optimized_model_filepath = str(optimised_to)
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as cause:
        raise _explain("The model" if isinstance(model, bytes) else str(model), cause) from cause


def _explain(name: str, cause: Exception) -> ExportError:
    text = str(cause)
    missing = re.search(r"implementation for (\w+)\(|[:.](\w+)\([\d-]+\) is not a registered function/op", text)
    if missing:
        operator = missing[1] or missing[2]
        return UnsupportedOperatorError(f"{name}: onnxruntime cannot run {operator}; write it with other operators.")
    if re.search("protobuf parsing failed|INVALID_PROTOBUF|No graph was found|does not have a graph", text):
        return DamagedModelError(f"{name} is truncated or not an ONNX file; write or copy it again.")
    return ModelFileError(f"{name} cannot be loaded by onnxruntime: {text.splitlines()[0]}")


class FrameRunner:
    """An onnxruntime session on one thread. Holds no audio state: states go in and come out."""

    def __init__(self, model: Path | bytes, optimised_to: Path | None = None) -> None:
        self.session = open_session(model, optimised_to)
        self.outputs = [item.name for item in self.session.get_outputs()]
        inputs = [item.name for item in self.session.get_inputs()]
        self.frame_input = next((name for name in inputs if not name.startswith("state_in_")), "")
        self.frame_output = f"{self.frame_input}_out"

    def initial_states(self, batch: int) -> Tensors:
        """Return zero states for `batch` new streams, by input name."""
        inputs = [item for item in self.session.get_inputs() if item.name.startswith("state_in_")]
        return {item.name: np.zeros((batch, *item.shape[1:]), dtype=np.float32) for item in inputs}

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Tensors:
        """Return all outputs by name."""
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))

    def next_states(self, outputs: Tensors) -> Tensors:
        """Return the states among `outputs`, renamed as inputs of the next frame."""
        prefix = "state_out_"
        return {
            "state_in_" + name.removeprefix(prefix): value for name, value in outputs.items() if name.startswith(prefix)
        }

    def stream(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `frames` `[streams, time, ...]` denoised frame by frame from zero states."""
        states = self.initial_states(len(frames))
        cleaned = np.empty_like(frames)
        for index in range(frames.shape[1]):
            outputs = self.run({self.frame_input: np.ascontiguousarray(frames[:, index]), **states})
            cleaned[:, index] = outputs[self.frame_output]
            states = self.next_states(outputs)
        return cleaned
