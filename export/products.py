"""Finding the matrix products with constant weights in an ONNX graph, whichever operators they are written with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


@dataclass(frozen=True)
class Product:
    """`output = activation @ weight + bias`; `weight` float32 `[inputs, outputs]`, `bias` float32 `[outputs]`."""

    name: str
    activation: str
    output: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    nodes: tuple[onnx.NodeProto, ...]


def find_products(graph: onnx.GraphProto) -> list[Product]:
    """Return every Gemm, and every MatMul with or without a following Add, whose weight is an initializer."""
    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    products = []
    for node in graph.node:
        if len(node.input) < 2 or node.input[1] not in constants:
            continue
        if node.op_type == "Gemm":
            products.append(_from_gemm(node, constants))
        elif node.op_type == "MatMul":
            products.append(_from_matmul(node, constants, consumers))
    return products


def _from_gemm(node: onnx.NodeProto, constants: dict[str, NDArray[np.float32]]) -> Product:
    attributes = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
    weight = constants[node.input[1]] * np.float32(attributes.get("alpha", 1.0))
    weight = weight.T if attributes.get("transB", 0) else weight
    has_bias = len(node.input) > 2 and node.input[2]
    bias = constants[node.input[2]] * np.float32(attributes.get("beta", 1.0)) if has_bias else None
    return _product(node.input[1], node.input[0], node.output[0], weight, bias, (node,))


def _from_matmul(
    node: onnx.NodeProto,
    constants: dict[str, NDArray[np.float32]],
    consumers: dict[str, list[onnx.NodeProto]],
) -> Product:
    weight = constants[node.input[1]]
    following = consumers.get(node.output[0], [])
    if len(following) == 1 and following[0].op_type == "Add":
        add = following[0]
        other = add.input[1] if add.input[0] == node.output[0] else add.input[0]
        bias = constants.get(other)
        if bias is not None and bias.shape == (weight.shape[1],):
            return _product(other, node.input[0], add.output[0], weight, bias, (node, add))
    return _product(node.input[1], node.input[0], node.output[0], weight, None, (node,))


def _product(
    name: str,
    activation: str,
    output: str,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
    nodes: tuple[onnx.NodeProto, ...],
) -> Product:
    filled = np.zeros(weight.shape[1], dtype=np.float32) if bias is None else bias
    label = name.removeprefix("model.").removesuffix(".weight").removesuffix(".bias")
    return Product(label, activation, output, np.ascontiguousarray(weight), filled, nodes)
