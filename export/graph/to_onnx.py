"""A streaming module as an fp32 ONNX graph: one frame and all states in, one frame and all states out."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import onnx
import onnxscript.optimizer
import torch
from torch import Tensor, nn

from export.contract import StreamingModule, initial_states
from export.errors import DynamicShapeError, ExportError, GraphError, UnsupportedOperatorError
from export.graph.einsum import write_einsums_as_products
from export.graph.exact import optimise_exactly
from export.graph.layers import drop_unused_initializers
from export.graph.portable import make_portable
from export.graph.recurrent import decompose
from export.graph.transposed import write_transposed_as_convolutions

OPSET = 18

LARGEST_FOLDED = 2**28
"""Bytes of a weight that is cut or transposed once and for all, not in every run."""

COMPLEX_ADVICE = " Write complex numbers as real pairs in the last axis (torch.view_as_real)."


class FrameModel(nn.Module):
    """A model that takes one frame `[batch, ...]` and its states, with GRUs and LSTMs written as matrix products."""

    def __init__(self, model: StreamingModule) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).eval()
        decompose(self.model)

    def forward(self, frame: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        """Return the denoised frame and the next states."""
        cleaned, next_states = self.model(frame.unsqueeze(1), list(states))
        # A graph has one name for a value: a state that comes back as it went in needs a copy to have two.
        copies = [state.clone() if any(state is given for given in states) else state for state in next_states]
        return cleaned.squeeze(1), *copies


class StatelessFrameModel(FrameModel):
    """The same for a model without states: the exporter does not take an empty list of arguments."""

    def forward(self, frame: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        """Return the denoised frame."""
        return super().forward(frame)


def export_onnx(model: StreamingModule, path: Path) -> None:
    """Write `model` as a streaming fp32 graph with a dynamic batch axis 0 on every tensor.

    Raises DynamicShapeError, UnsupportedOperatorError or GraphError.
    """
    names = [spec.name for spec in model.state_specs()]
    frame, states = torch.zeros(2, *model.spec.frame_shape), initial_states(model, 2)
    batch = torch.export.Dim("batch", min=1, max=4096)
    with quiet_exporter():
        try:
            program = torch.onnx.export(
                (FrameModel(model) if states else StatelessFrameModel(model)).eval(),
                (frame, *states),
                input_names=[model.spec.frames, *(f"state_in_{name}" for name in names)],
                output_names=[f"{model.spec.frames}_out", *(f"state_out_{name}" for name in names)],
                dynamic_shapes=({0: batch}, tuple({0: batch} for _ in states)) if states else ({0: batch},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
                optimize=False,
            )
        except Exception as cause:
            raise explain(cause) from cause
    assert program is not None
    onnxscript.optimizer.fold_constants(
        program.model, input_size_limit=LARGEST_FOLDED, output_size_limit=LARGEST_FOLDED
    )
    onnxscript.optimizer.remove_unused_nodes(program.model)
    exact = optimise_exactly(program.model_proto)
    graph = write_transposed_as_convolutions(write_einsums_as_products(without_traces(exact)))
    graph = make_portable(graph)
    drop_unused_initializers(graph.graph)
    _check_batch_axis(graph)
    onnx.save(graph, path)


def explain(cause: BaseException) -> ExportError:
    """Return the error that says what to change, for whatever the exporter raised."""
    text = _whole_text(cause)
    if isinstance(cause, ExportError):
        return cause
    missing = re.search(
        r"No (?:ONNX function|decompositions?)[^\n]*?(aten[\w.:]+|OpOverload\(op='[^']+'|torchvision[\w.:]+)", text
    )
    if missing:
        name = missing[1].removeprefix("OpOverload(op='").rstrip("'")
        advice = COMPLEX_ADVICE if "complex" in text.lower() else " Write it with other operators."
        return UnsupportedOperatorError(f"{name} has no counterpart in ONNX.{advice}")
    if re.search(
        r"[Cc]onstraints violated|data-dependent|GuardOnDataDependent|specialized|marked.*dynamic|Ne\(s\d", text
    ):
        return DynamicShapeError(
            "A shape is not fixed, or the batch size was fixed: "
            + _summary(text)
            + " Take the batch size from the frames "
            "(x.shape[0]); no shape, no 'if' and no .item() may depend on values."
        )
    return GraphError(f"The module cannot be written as a graph: {_summary(text)}")


def _whole_text(cause: BaseException) -> str:
    parts: list[str] = []
    seen: BaseException | None = cause
    while seen is not None:
        parts.append(f"{type(seen).__name__}: {seen}")
        seen = seen.__cause__ or seen.__context__
    return "\n".join(parts)


def _summary(text: str) -> str:
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in text.splitlines()]
    if "The following call raised this error:" in lines:
        where = lines[lines.index("The following call raised this error:") + 1 :]
        place = [index for index, line in enumerate(where) if line.startswith("File ")]
        if place:
            return f"{where[place[-1]].removeprefix('File ')}: {where[place[-1] + 1]}."
    telling = [
        line for line in lines if re.search(r"[Ee]rror|[Cc]onstraint|[Ss]pecialized|- ", line) and "onnx" not in line
    ]
    return (telling or lines)[-1][:300].rstrip(".") + "."


def _check_batch_axis(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        shape = value.type.tensor_type.shape.dim
        if shape and not shape[0].dim_param:
            raise DynamicShapeError(
                f"{value.name} has a fixed batch of {shape[0].dim_value}; take the batch size from the frames (x.shape[0])."
            )


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """Keep the exporter's warnings about its own internals, and the graphs that it prints when it fails, from the user."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "torch.fx", "torch._dynamo")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
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
