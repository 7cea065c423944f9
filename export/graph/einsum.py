"""Einstein sums with a constant, written as matrix products: onnxruntime's own give other bits for one row than for many."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper


def write_einsums_as_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write every Einsum of an activation and a constant that contracts one letter as a MatMul. Mutates: `model`.

    `bgi,gij->bgj` (a linear layer for each group) and `bif,fg->big` are of this kind; others stay as they are.
    """
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes += _as_product(model.graph, node, constants) or [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def _as_product(
    graph: onnx.GraphProto, node: onnx.NodeProto, constants: dict[str, NDArray[Any]]
) -> list[onnx.NodeProto]:
    """Return the nodes that compute an Einsum with a constant second factor; none if it is of another kind."""
    if node.op_type != "Einsum" or len(node.input) != 2 or node.input[1] not in constants:
        return []
    equation = next(item.s.decode() for item in node.attribute if item.name == "equation").replace(" ", "")
    if "." in equation or "->" not in equation:
        return []
    factors, result = equation.split("->")
    given, weights = factors.split(",")
    groups = [letter for letter in weights if letter in given and letter in result]
    summed = [letter for letter in weights if letter in given and letter not in result]
    made = [letter for letter in weights if letter not in given]
    rows = [letter for letter in given if letter not in weights]
    repeated = any(len(set(term)) != len(term) for term in (given, weights, result))
    if len(summed) != 1 or len(made) != 1 or len(groups) > 1 or repeated or set(rows) - set(result):
        return []
    weight = np.transpose(constants[node.input[1]], [weights.index(x) for x in (*groups, *summed, *made)])
    return _product(graph, node, given, result, (rows, groups, summed, made), np.ascontiguousarray(weight))


def _product(
    graph: onnx.GraphProto,
    node: onnx.NodeProto,
    given: str,
    result: str,
    letters: tuple[list[str], list[str], list[str], list[str]],
    weight: NDArray[np.float32],
) -> list[onnx.NodeProto]:
    rows, groups, summed, made = letters
    stem = node.output[0]
    name = f"{node.input[1]}.product" if not groups else f"{stem}.weight"
    if any(item.name == name for item in graph.initializer):
        # The same weight in another place, and perhaps in another order.
        name = f"{name}.{stem}"
    graph.initializer.append(numpy_helper.from_array(weight, name))
    order = [given.index(letter) for letter in (*rows, *groups, *summed)]
    back = [(*rows, *groups, *made).index(letter) for letter in result]
    nodes = [helper.make_node("Transpose", [node.input[0]], [f"{stem}.turned"], name=f"{stem}.turned", perm=order)]
    heard, product = f"{stem}.turned", f"{stem}.product"
    if groups:
        # One row for each group, whatever the batch: [..., group, 1, in] @ [group, in, out].
        axis = f"{stem}.axis"
        graph.initializer.append(numpy_helper.from_array(np.array([-2]), axis))
        nodes.append(helper.make_node("Unsqueeze", [heard, axis], [f"{stem}.row"], name=f"{stem}.row"))
        nodes.append(helper.make_node("MatMul", [f"{stem}.row", name], [f"{stem}.rows"], name=f"{stem}.rows"))
        nodes.append(helper.make_node("Squeeze", [f"{stem}.rows", axis], [product], name=product))
    else:
        nodes.append(helper.make_node("MatMul", [heard, name], [product], name=product))
    return [*nodes, helper.make_node("Transpose", [product], [stem], name=f"{stem}.back", perm=back)]
