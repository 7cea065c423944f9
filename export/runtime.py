"""Running an ONNX denoiser frame by frame on one thread, as the server does, with explicit states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from export.errors import ModelFileError

Tensors = dict[str, NDArray[np.float32]]


def open_session(model: Path | bytes, optimised_to: Path | None = None) -> onnxruntime.InferenceSession:
    """Return an onnxruntime session on one thread. Raises ModelFileError if the model cannot be loaded."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if optimised_to:
        options.optimized_model_filepath = str(optimised_to)
    try:
        source = model if isinstance(model, bytes) else str(model)
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as cause:
        name = "The model" if isinstance(model, bytes) else model
        raise ModelFileError(f"{name} cannot be loaded by onnxruntime: {cause}") from cause


class FrameRunner:
    """An onnxruntime session on one thread. Holds no audio state: states go in and come out."""

    def __init__(self, model: Path | bytes, optimised_to: Path | None = None) -> None:
        self.session = open_session(model, optimised_to)
        self.outputs = [item.name for item in self.session.get_outputs()]

    def initial_states(self, batch: int) -> Tensors:
        """Return zero states for `batch` new streams, by input name."""
        inputs = [item for item in self.session.get_inputs() if item.name.startswith("state_in_")]
        return {item.name: np.zeros((batch, *item.shape[1:]), dtype=np.float32) for item in inputs}

    def run(self, inputs: Tensors) -> Tensors:
        """Return all outputs by name."""
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))

    def next_states(self, outputs: Tensors) -> Tensors:
        """Return the states among `outputs`, renamed as inputs of the next frame."""
        prefix = "state_out_"
        return {
            "state_in_" + name.removeprefix(prefix): value for name, value in outputs.items() if name.startswith(prefix)
        }

    def stream(self, spectra: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `spectra` `[streams, frames, bins, 2]` denoised frame by frame from zero states."""
        states = self.initial_states(len(spectra))
        cleaned = np.empty_like(spectra)
        for index in range(spectra.shape[1]):
            outputs = self.run({"spectrum": np.ascontiguousarray(spectra[:, index]), **states})
            cleaned[:, index] = outputs["spectrum_out"]
            states = self.next_states(outputs)
        return cleaned
