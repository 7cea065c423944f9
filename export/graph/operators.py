"""What onnxruntime really runs: the operators of the graph after its own optimiser, and the multiply-accumulates of each."""

from __future__ import annotations

import string
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from export.runtime import FrameRunner, open_session

INTEGER, WEIGHT_ONLY, FLOAT = "integer", "weight only", "float"

INTEGER_PRODUCTS = frozenset(
    {
        "MatMulIntegerToFloat",
        "MatMulInteger",
        "QLinearMatMul",
        "DynamicQuantizeMatMul",
        "QGemm",
        "QLinearConv",
        "ConvInteger",
    }
)
WEIGHT_ONLY_PRODUCTS = frozenset({"MatMulNBits"})
FLOAT_PRODUCTS = frozenset(
    {
        "MatMul",
        "Gemm",
        "FusedMatMul",
        "FusedGemm",
        "Conv",
        "FusedConv",
        "NhwcFusedConv",
        "ConvTranspose",
        "GRU",
        "LSTM",
        "RNN",
        "Einsum",
    }
)
GATES = {"GRU": 3, "LSTM": 4, "RNN": 1}


@dataclass(frozen=True)
class Operator:
    """One matrix product, convolution or recurrence that runs: its arithmetic and its multiply-accumulates a frame.

    `reason` says why it is in float, if the operator itself is the reason and not a choice.
    """

    name: str
    type: str
    arithmetic: str
    macs: int
    reason: str = ""


@dataclass(frozen=True)
class OperatorCount:
    """Operators of an optimised graph: how many products run in which arithmetic, their work, and all operators by type."""

    integer_macs_percent: float
    integer: int
    weight_only: int
    float: int
    macs: int
    by_type: dict[str, int]
    products: tuple[Operator, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as JSON-ready values."""
        return {**asdict(self), "products": [asdict(item) for item in self.products]}


def count_operators(model: Path | bytes) -> OperatorCount:
    """Return the operators of `model` after onnxruntime's optimiser on this machine, with their work for one frame."""
    with tempfile.TemporaryDirectory() as folder:
        optimised_to = Path(folder) / "optimised.onnx"
        FrameRunner(model, optimised_to=optimised_to)
        optimised = onnx.load(optimised_to)
    by_type = Counter(node.op_type for node in optimised.graph.node)
    products = tuple(_products(optimised))
    counted = Counter(product.arithmetic for product in products)
    macs = sum(product.macs for product in products)
    integer_macs = sum(product.macs for product in products if product.arithmetic == INTEGER)
    percent = round(100 * integer_macs / macs, 2) if macs else 0.0
    counts = counted[INTEGER], counted[WEIGHT_ONLY], counted[FLOAT]
    return OperatorCount(percent, *counts, macs, dict(by_type.most_common()), products)


def _products(optimised: onnx.ModelProto) -> list[Operator]:
    nodes = [node for node in optimised.graph.node if _arithmetic(node)]
    shapes = _run_for_shapes(optimised, {name for node in nodes for name in (*node.input, *node.output) if name})
    constants = {item.name for item in optimised.graph.initializer}
    return [
        Operator(
            node.name or node.output[0],
            node.op_type,
            _arithmetic(node),
            _macs(node, shapes),
            _reason(node, shapes, constants),
        )
        for node in nodes
    ]


def _arithmetic(node: onnx.NodeProto) -> str:
    # The optimiser's own layouts of a convolution keep the operator's name, in another domain.
    for arithmetic, types in (
        (INTEGER, INTEGER_PRODUCTS),
        (WEIGHT_ONLY, WEIGHT_ONLY_PRODUCTS),
        (FLOAT, FLOAT_PRODUCTS),
    ):
        if node.op_type in types:
            return arithmetic
    return ""


def _reason(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]], constants: set[str]) -> str:
    if _arithmetic(node) != FLOAT:
        return ""
    if node.op_type in GATES:
        return f"a recurrence over {shapes[node.input[0]][0]} steps inside a frame: unrolled, it would cost more than it saves"
    if node.op_type == "ConvTranspose":
        strides = next((item.ints for item in node.attribute if item.name == "strides"), ())
        kind = (
            "with strides along two axes"
            if sum(stride > 1 for stride in strides) > 1
            else "of a kind that is not rewritten"
        )
        return f"a transposed convolution {kind} has no integer operator"
    if not set(node.input[:2]) & constants:
        return "both factors change from frame to frame"
    if node.input[0] in constants:
        return "a sum, written so that it is the same in every batch"
    return ""


def _run_for_shapes(optimised: onnx.ModelProto, wanted: set[str]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of tensors while one frame of one stream runs through the optimised graph as it is."""
    shapes = {item.name: tuple(item.dims) for item in optimised.graph.initializer}
    model = onnx.ModelProto()
    model.CopyFrom(optimised)
    known = {value.name for value in model.graph.output}
    given = set(shapes) | {value.name for value in model.graph.input}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(wanted - known - given))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = open_session(model.SerializeToString(), options=options)
    feeds = {item.name: np.zeros((1, *item.shape[1:]), dtype=np.float32) for item in session.get_inputs()}
    names = [item.name for item in session.get_outputs()]
    shapes |= {name: tuple(values.shape) for name, values in feeds.items()}
    return shapes | {name: tuple(v.shape) for name, v in zip(names, session.run(names, feeds), strict=True)}


def _macs(node: onnx.NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    if node.op_type in GATES:
        steps, rows, inputs = shapes[node.input[0]]
        directions, _, hidden = shapes[node.input[2]]
        return steps * rows * directions * GATES[node.op_type] * hidden * (inputs + hidden)
    if node.op_type == "Einsum":
        return _einsum_macs(attributes["equation"].decode(), [shapes[name] for name in node.input])
    if node.op_type == "MatMulNBits":
        return _size(shapes[node.output[0]]) * int(attributes["K"])
    if node.op_type == "ConvTranspose":
        return _size(shapes[node.input[0]]) * _size(shapes[node.input[1]][1:])
    if node.op_type == "QGemm":
        return _size(shapes[node.output[0]]) * shapes[node.input[0]][-1]
    weight = node.input[3] if node.op_type in ("QLinearConv", "QLinearMatMul") else node.input[1]
    if "Conv" in node.op_type:
        return _size(shapes[node.output[0]]) * _size(shapes[weight][1:])
    inner = shapes[node.input[0]][-2 if attributes.get("transA") else -1]
    return _size(shapes[node.output[0]]) * inner


def _einsum_macs(equation: str, shapes: list[tuple[int, ...]]) -> int:
    """Return the product of the sizes of all letters: what the sums cost if no factor is summed before."""
    sizes: dict[str, int] = {}
    for term, shape in zip(equation.replace(" ", "").split("->")[0].split(","), shapes, strict=True):
        letters = [letter for letter in term if letter in string.ascii_letters]
        sizes |= dict(zip(letters[::-1], shape[::-1], strict=False))
        sizes |= {f"...{axis}": size for axis, size in enumerate(shape[: len(shape) - len(letters)])}
    return _size(tuple(sizes.values()))


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))
