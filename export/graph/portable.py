"""Operators that come out alike on every processor and in every batch, where onnxruntime's own do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.graph.writing import NodeChain, known_shapes

SUMS = ("ReduceMean", "ReduceSum")


def make_portable(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write every sum and mean over known axes with operators that do not depend on the processor or the batch.

    x86 and Arm divide differently but multiply alike: a mean becomes a sum times a constant. And onnxruntime sums over axes in
    the middle, or over several, in another order when the batch is one row: those sums become products with ones. Elu and
    Softplus treat the last few numbers of a tensor otherwise than the rest, whichever row they belong to: they are written with
    operators that do not. Mutates: `model`.
    """
    shapes = known_shapes(model)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        shape = shapes.get(node.input[0]) if node.op_type in SUMS else None
        axes = _axes(node, constants, len(shape)) if shape is not None else None
        if node.op_type in ("Elu", "Softplus"):
            nodes += (_elu if node.op_type == "Elu" else _softplus)(model.graph, node)
            continue
        known = shape is not None and axes is not None and all(shape[axis] is not None for axis in axes)
        nodes += _Sum(model.graph, node, shape, axes).build() if known else [node]  # type: ignore[arg-type]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


class _Sum:
    """One sum or mean, written anew, one step after the other. Mutates: the constants of the graph."""

    def __init__(self, graph: onnx.GraphProto, node: onnx.NodeProto, shape: list[int], axes: list[int]) -> None:
        self.node, self.shape, self.axes = node, shape, axes
        attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
        self.keeps_axes = bool(attributes.get("keepdims", 1))
        self.chain = NodeChain(graph, node, "sum")

    def build(self) -> list[onnx.NodeProto]:
        """Return the nodes that take the place of the sum or mean."""
        chain, rank = self.chain, len(self.shape)
        if rank - 1 in self.axes:
            chain.step("ReduceSum", chain.constant(np.array([rank - 1])), keepdims=1)
        for axis in sorted(set(self.axes) - {rank - 1}, reverse=True):
            self._sum_in_the_middle(axis, rank)
        if self.node.op_type == "ReduceMean":
            count = np.prod([self.shape[axis] for axis in self.axes])
            chain.step("Mul", chain.constant(np.array(1 / count, dtype=np.float32)))
        if not self.keeps_axes:
            chain.step("Squeeze", chain.constant(np.array(self.axes)))
        return chain.finish()

    def _sum_in_the_middle(self, axis: int, rank: int) -> None:
        chain, order = self.chain, list(range(rank))
        order[axis], order[-2] = order[-2], order[axis]
        if axis != rank - 2:
            chain.step("Transpose", perm=order)
        ones = chain.constant(np.ones((1, self.shape[axis]), dtype=np.float32))
        chain.add("MatMul", ones, chain.last)
        if axis != rank - 2:
            chain.step("Transpose", perm=order)


def _elu(graph: onnx.GraphProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return `max(x, 0) + alpha * (exp(min(x, 0)) - 1)`."""
    alpha = next((item.f for item in node.attribute if item.name == "alpha"), 1.0)
    x, y = node.input[0], node.output[0]
    zero, factor = _scalar(graph, f"{y}.zero", 0.0), _scalar(graph, f"{y}.alpha", alpha)
    return [
        helper.make_node("Min", [x, zero], [f"{y}.low"], name=f"{y}.low"),
        helper.make_node("Exp", [f"{y}.low"], [f"{y}.exp"], name=f"{y}.exp"),
        helper.make_node("Sub", [f"{y}.exp", _scalar(graph, f"{y}.one", 1.0)], [f"{y}.less"], name=f"{y}.less"),
        helper.make_node("Mul", [f"{y}.less", factor], [f"{y}.scaled"], name=f"{y}.scaled"),
        helper.make_node("Relu", [x], [f"{y}.high"], name=f"{y}.high"),
        helper.make_node("Add", [f"{y}.high", f"{y}.scaled"], [y], name=f"{y}.elu"),
    ]


def _softplus(graph: onnx.GraphProto, node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return `max(x, 0) + log(1 + e)` with `e = exp(-|x|)`, the logarithm as the series of `2 * artanh(u)`.

    `u = e / (2 + e)` is a third at most, so seven odd powers leave an error below 1e-8.
    """
    x, y = node.input[0], node.output[0]
    chain = NodeChain(graph, node, "softplus")
    exponent = chain.add("Exp", chain.add("Neg", chain.add("Abs", x)))
    ratio = chain.add("Div", exponent, chain.add("Add", exponent, _scalar(graph, f"{y}.two", 2.0)))
    square = chain.add("Mul", ratio, ratio)
    series = _scalar(graph, f"{y}.power13", 2 / 13)
    for power in (11, 9, 7, 5, 3, 1):
        series = chain.add("Add", chain.add("Mul", series, square), _scalar(graph, f"{y}.power{power}", 2 / power))
    chain.add("Add", chain.add("Relu", x), chain.add("Mul", series, ratio))
    return chain.finish()


def _scalar(graph: onnx.GraphProto, name: str, value: float) -> str:
    graph.initializer.append(numpy_helper.from_array(np.array(value, dtype=np.float32), name))
    return name


def _axes(node: onnx.NodeProto, constants: dict[str, NDArray[Any]], rank: int) -> list[int] | None:
    """Return the axes of a sum or mean, counted from the front, or None if they are not known here."""
    if len(node.input) < 2 or node.input[1] not in constants:
        return None
    return sorted(int(axis) % rank for axis in constants[node.input[1]].reshape(-1))
