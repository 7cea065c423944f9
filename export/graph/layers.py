"""Finding the layers with constant weights in an ONNX graph, whichever operators they are written with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Constants = dict[str, NDArray[Any]]

PRODUCT, GROUPED, CONVOLUTION = "product", "grouped product", "convolution"

TURNED = ".turned_for."
"""Between the name of a weight and that of the output for which it was turned into a convolution's."""


@dataclass(frozen=True)
class Part:
    """A tensor of `size` values a row that is one of several beside each other in an activation."""

    name: str
    size: int


@dataclass(frozen=True)
class Layer:
    """A product `output = activation @ weight + bias`, one for each of several groups, or a convolution.

    `weight` is float32 `[inputs, outputs]` of a product, `[groups, inputs, outputs]` of a grouped one, and
    `[outputs, inputs / groups, ...]` of a convolution; `weight_name`
    is the same for layers that share it. `nodes` are what it is written with. `parts` are what the activation of a product
    is put together from, if it is.
    """

    name: str
    kind: str
    activation: str
    output: str
    weight_name: str
    weight: NDArray[np.float32]
    bias: NDArray[np.float32] | None
    nodes: tuple[onnx.NodeProto, ...]
    parts: tuple[Part, ...] = ()


def find_layers(graph: onnx.GraphProto) -> list[Layer]:
    """Return every Gemm, Conv, and MatMul with or without a following Add, whose weight is constant."""
    constants = constants_of(graph)
    consumers: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            consumers.setdefault(name, []).append(node)
    kept = {value.name for value in graph.output}
    layers: list[Layer] = []
    for node in graph.node:
        if len(node.input) < 2 or node.input[1] not in constants:
            continue
        weight = constants[node.input[1]]
        if node.op_type == "Gemm" and _is_linear(node, constants):
            layers.append(_from_gemm(node, constants))
        elif node.op_type == "MatMul" and weight.ndim in (2, 3):
            layers.append(_from_matmul(node, constants, consumers, kept))
        elif node.op_type == "Conv" and weight.ndim in (3, 4):
            layers.append(_from_convolution(node, constants))
    return _with_parts(_with_distinct_names(layers), graph)


def constants_of(graph: onnx.GraphProto) -> Constants:
    """Return the constant tensors of a graph by name."""
    constants: Constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return constants


def _is_linear(node: onnx.NodeProto, constants: Constants) -> bool:
    """Return whether a Gemm takes its activation as it is, and adds nothing but a constant."""
    adds_constant = len(node.input) < 3 or not node.input[2] or node.input[2] in constants
    return adds_constant and not any(item.name == "transA" and item.i for item in node.attribute)


def _from_gemm(node: onnx.NodeProto, constants: Constants) -> Layer:
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    weight = constants[node.input[1]] * np.float32(attributes.get("alpha", 1.0))
    weight = weight.T if attributes.get("transB", 0) else weight
    has_bias = len(node.input) > 2 and node.input[2]
    bias = constants[node.input[2]] * np.float32(attributes.get("beta", 1.0)) if has_bias else None
    if bias is not None:
        bias = np.broadcast_to(bias.reshape(-1), (weight.shape[1],)).astype(np.float32)
    return _layer(node.input[1], PRODUCT, node, node.output[0], np.ascontiguousarray(weight), bias, (node,))


def _from_matmul(
    node: onnx.NodeProto, constants: Constants, consumers: dict[str, list[onnx.NodeProto]], kept: set[str]
) -> Layer:
    weight = np.ascontiguousarray(constants[node.input[1]])
    kind = PRODUCT if weight.ndim == 2 else GROUPED
    following = consumers.get(node.output[0], [])
    if len(following) == 1 and following[0].op_type == "Add" and node.output[0] not in kept:
        add = following[0]
        other = add.input[1] if add.input[0] == node.output[0] else add.input[0]
        bias = constants.get(other)
        if bias is not None and bias.shape == (weight.shape[-1],):
            return _layer(other, kind, node, add.output[0], weight, bias, (node, add))
    return _layer(node.input[1], kind, node, node.output[0], weight, None, (node,))


def _from_convolution(node: onnx.NodeProto, constants: Constants) -> Layer:
    bias = constants[node.input[2]] if len(node.input) > 2 and node.input[2] else None
    return _layer(node.input[1], CONVOLUTION, node, node.output[0], constants[node.input[1]], bias, (node,))


def _layer(
    name: str,
    kind: str,
    node: onnx.NodeProto,
    output: str,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32] | None,
    nodes: tuple[onnx.NodeProto, ...],
) -> Layer:
    label = name.removeprefix("model.").split(TURNED)[0].removesuffix(".weight").removesuffix(".bias")
    return Layer(label, kind, node.input[0], output, node.input[1], weight, bias, nodes)


def _with_distinct_names(layers: list[Layer]) -> list[Layer]:
    seen: dict[str, int] = {}
    distinct = []
    for layer in layers:
        seen[layer.name] = seen.get(layer.name, 0) + 1
        name = layer.name if seen[layer.name] == 1 else f"{layer.name}#{seen[layer.name]}"
        distinct.append(replace(layer, name=name))
    return distinct


def _with_parts(layers: list[Layer], graph: onnx.GraphProto) -> list[Layer]:
    joins = {node.output[0]: node for node in graph.node if node.op_type == "Concat" and _in_last_axis(node)}
    sizes = {value.name: _row_size(value) for value in (*graph.value_info, *graph.input)}
    completed = []
    for layer in layers:
        joined = joins.get(layer.activation) if layer.kind == PRODUCT else None
        parts = tuple(Part(name, sizes.get(name, 0)) for name in joined.input) if joined else ()
        # A part of unknown size, or one that is constant and so has no range, leaves the activation as one.
        known = all(part.size for part in parts) and sum(part.size for part in parts) == len(layer.weight)
        completed.append(replace(layer, parts=parts if known else ()))
    return completed


def _in_last_axis(node: onnx.NodeProto) -> bool:
    return any(item.name == "axis" and item.i == -1 for item in node.attribute)


def _row_size(value: onnx.ValueInfoProto) -> int:
    shape = value.type.tensor_type.shape.dim
    return shape[-1].dim_value if shape else 0


def drop_unused_initializers(graph: onnx.GraphProto) -> None:
    """Remove the constants that no operator hears. Mutates: `graph`."""
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    kept = [item for item in graph.initializer if item.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def drop_unheard_joins(graph: onnx.GraphProto) -> None:
    """Remove each Concat whose result no operator hears any more. Mutates: `graph`."""
    used = {name for node in graph.node for name in node.input} | {value.name for value in graph.output}
    kept = [node for node in graph.node if node.op_type != "Concat" or node.output[0] in used]
    del graph.node[:]
    graph.node.extend(kept)
