"""A trained denoiser as a streaming fp32 ONNX graph: one frame and all states in, one frame and all states out."""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from export.layers import StreamingGru
from export.model import Denoiser

OPSET = 18


class FrameModel(nn.Module):
    """A denoiser that takes one frame `[batch, bins, 2]` and its states, with GRUs written as matrix products."""

    def __init__(self, model: Denoiser) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval()
        for module in self.model.modules():
            if isinstance(module, StreamingGru):
                module.decomposed = True

    def forward(self, spectrum: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Return the denoised frame `[batch, bins, 2]` and the next states."""
        cleaned, next_states = self.model(spectrum.unsqueeze(1), list(states))
        return cleaned.squeeze(1), *next_states


def export_onnx(model: Denoiser, path: Path) -> None:
    """Write `model` as a streaming fp32 graph with a dynamic batch axis 0 on every tensor."""
    names = [spec.name for spec in model.state_specs()]
    states = model.initial_states(2)
    spectrum = torch.zeros(2, model.spec.bins, 2)
    batch = torch.export.Dim("batch", min=1, max=4096)
    with quiet_exporter():
        program = torch.onnx.export(
            FrameModel(model).eval(),
            (spectrum, *states),
            input_names=["spectrum", *(f"state_in_{name}" for name in names)],
            output_names=["spectrum_out", *(f"state_out_{name}" for name in names)],
            dynamic_shapes=({0: batch}, tuple({0: batch} for _ in states)),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    onnx.save(without_traces(program.model_proto), path)


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep the exporter's warnings about its own internals from the user."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)


def without_traces(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Return `graph` without the exporter's notes on where each node came from: they hold paths of the machine."""
    for node in graph.graph.node:
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for value in (*graph.graph.value_info, *graph.graph.input, *graph.graph.output):
        del value.metadata_props[:]
    del graph.graph.metadata_props[:]
    return graph
