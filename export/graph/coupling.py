"""Which operators of a graph compute a row differently when there are others beside it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from export.runtime import FrameRunner, open_session

ROWS = 32
Values = dict[str, NDArray[np.float32]]


def coupled_operators(model: Path) -> list[str]:
    """Return `name (type)` of every operator whose row differs between alone and batched while all that it hears is equal."""
    with tempfile.TemporaryDirectory() as folder:
        FrameRunner(model, optimised_to=Path(folder) / "optimised.onnx")
        graph = onnx.load(Path(folder) / "optimised.onnx")
    known = {value.name for value in graph.graph.output}
    names = [name for node in graph.graph.node for name in node.output if name]
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = open_session(graph.SerializeToString(), options=options)
    rng = np.random.default_rng(0)
    feeds = {item.name: _noise(rng, item.shape) for item in session.get_inputs()}
    whole = _run(session, feeds)
    found: dict[str, str] = {}
    for row in range(0, ROWS, 5):
        alone = _run(session, {name: values[row : row + 1] for name, values in feeds.items()})
        found |= _origins(graph, alone, whole, row)
    return sorted(found.values())


def _noise(rng: np.random.Generator, shape: list[int]) -> NDArray[np.float32]:
    return 0.3 * rng.standard_normal((ROWS, *shape[1:]), dtype=np.float32)


def _run(session: onnxruntime.InferenceSession, feeds: Values) -> Values:
    names = [item.name for item in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def _origins(graph: onnx.ModelProto, alone: Values, whole: Values, row: int) -> dict[str, str]:
    differing: set[str] = set()
    origins = {}
    for node in graph.graph.node:
        changed = [name for name in node.output if name and _differs(alone[name], whole[name], row)]
        if changed and not differing & set(node.input):
            origins[node.name or node.output[0]] = f"{node.name or node.output[0]} ({node.op_type})"
        if changed or differing & set(node.input):
            differing |= set(node.output)
    return origins


def _differs(alone: NDArray[np.float32], whole: NDArray[np.float32], row: int) -> bool:
    """Return whether the row differs; tensors in which no axis is the batch, or several may be, are not judged."""
    if alone.ndim != whole.ndim:
        return False
    axes = [axis for axis in range(alone.ndim) if alone.shape[axis] != whole.shape[axis]]
    if len(axes) != 1 or whole.shape[axes[0]] % ROWS:
        return False
    each = whole.shape[axes[0]] // ROWS
    picked = np.take(whole, range(row * each, (row + 1) * each), axis=axes[0])
    return not np.array_equal(picked, alone, equal_nan=picked.dtype.kind == "f")
