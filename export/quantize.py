"""Static int8: every matrix product with constant weights becomes QuantizeLinear + MatMulIntegerToFloat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.calibrate import Range
from export.errors import QuantizationError
from export.products import Product, find_products

CONTRIB = "com.microsoft"

LARGEST_WEIGHT = 63
"""Processors with AVX2 but no VNNI add two products in 16 bits: 2 * 63 * 255 is the most that does not saturate there.
Source: onnxruntime, "Quantize ONNX Models", on U8S8 and reduce_range."""


def quantize(fp32: Path, int8: Path, ranges: dict[str, Range]) -> list[str]:
    """Write `fp32` to `int8` with its products in integers, and return their names.

    Activations are uint8 with one static scale a tensor, so that no row of a batch can influence another; weights are int8
    with one scale an output. Raises QuantizationError if there is no product to quantize.
    """
    model = onnx.load(fp32)
    products = find_products(model.graph)
    if not products:
        raise QuantizationError(f"{fp32} has no matrix product with constant weights, so int8 would change nothing.")
    replaced = {id(node): product for product in products for node in product.nodes[:-1]}
    last = {id(node): product for product in products for node in product.nodes[-1:]}
    quantized: dict[str, str] = {}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if id(node) in last:
            nodes += _integer_nodes(model.graph, last[id(node)], ranges, quantized)
        elif id(node) not in replaced:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    _drop_unused_initializers(model.graph)
    if not any(item.domain == CONTRIB for item in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    onnx.save(model, int8)
    return [product.name for product in products]


def quantize_weight(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 `[inputs, outputs]` and float32 scales `[outputs]`, symmetric within LARGEST_WEIGHT, one scale an output."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-8).astype(np.float32) / np.float32(LARGEST_WEIGHT)
    return np.clip(np.rint(weight / scale), -LARGEST_WEIGHT, LARGEST_WEIGHT).astype(np.int8), scale


def activation_scale(seen: Range) -> tuple[np.float32, np.uint8]:
    """Return scale and zero point of a uint8 activation over a range that holds zero, zero itself being exact."""
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    scale = max((high - low) / 255, 1e-8)
    return np.float32(scale), np.uint8(np.clip(round(-low / scale), 0, 255))


def _integer_nodes(
    graph: onnx.GraphProto, product: Product, ranges: dict[str, Range], quantized: dict[str, str]
) -> list[onnx.NodeProto]:
    nodes = []
    scale, zero = activation_scale(ranges[product.activation])
    if product.activation not in quantized:
        quantized[product.activation] = f"{product.activation}.uint8"
        _add_constant(graph, f"{product.activation}.scale", np.asarray(scale))
        _add_constant(graph, f"{product.activation}.zero", np.asarray(zero))
        inputs = [product.activation, f"{product.activation}.scale", f"{product.activation}.zero"]
        nodes.append(helper.make_node("QuantizeLinear", inputs, [quantized[product.activation]]))
    weight, weight_scale = quantize_weight(product.weight)
    zeros = np.zeros_like(weight_scale, dtype=np.int8)
    names = [f"{product.output}.{suffix}" for suffix in ("int8", "int8.scale", "int8.zero", "float.bias")]
    arrays: list[NDArray[Any]] = [weight, weight_scale, zeros, product.bias]
    for name, values in zip(names, arrays, strict=True):
        _add_constant(graph, name, values)
    inputs = [quantized[product.activation], names[0], f"{product.activation}.scale", names[1]]
    inputs += [f"{product.activation}.zero", names[2], names[3]]
    node = helper.make_node("MatMulIntegerToFloat", inputs, [product.output], name=product.name, domain=CONTRIB)
    return [*nodes, node]


def _add_constant(graph: onnx.GraphProto, name: str, values: NDArray[Any]) -> None:
    graph.initializer.append(numpy_helper.from_array(values, name))


def _drop_unused_initializers(graph: onnx.GraphProto) -> None:
    used = {name for node in graph.node for name in node.input}
    kept = [item for item in graph.initializer if item.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
