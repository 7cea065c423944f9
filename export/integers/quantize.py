"""A float graph with chosen layers in integers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from export.errors import QuantizationError
from export.graph.layers import (
    CONVOLUTION,
    GROUPED,
    Layer,
    drop_unheard_joins,
    drop_unused_initializers,
    find_layers,
)
from export.graph.writing import Sizes, known_shapes
from export.integers.calibration import Calibration
from export.integers.target import Target
from export.integers.weights import (
    BLOCK,
    JOINED_ZERO,
    SMALLEST_SCALE,
    activation_scale,
    quantize_blocks,
    quantize_groups,
    quantize_joined,
    quantize_kernel,
    quantize_product,
)

CONTRIB = "com.microsoft"

INT8, WEIGHTS8, WEIGHTS4 = "int8", "weights8", "weights4"
WEIGHT_ONLY_BITS = {WEIGHTS8: 8, WEIGHTS4: 4}

LARGEST_BIAS = 2**30
"""Of a convolution in int32, with as much again for its sums."""

LONGEST_ROW = 4096
"""Values of a stream up to which factors are written out for each: a few rows of a cache, gained in every run."""

INT8_ACCURACY = 4
"""MatMulNBits: each row's activations become int8 blocks by themselves, so that the sums are integer sums."""


def quantize(
    model: onnx.ModelProto, forms: Mapping[str, str], calibration: Calibration, target: Target
) -> onnx.ModelProto:
    """Return `model` with the layers named in `forms` as `int8`, `weights8` or `weights4`; the others stay as they are.

    `int8`: activations are uint8 with one static scale a tensor, so that no row of a batch can influence another; weights
    are int8 with one scale an output, rounded for the activations where their moments are known. Raises QuantizationError
    if a name is no layer of the model, or there is nothing to do.
    """
    layers = {layer.name: layer for layer in find_layers(model.graph)}
    unknown = set(forms) - set(layers)
    if unknown or not forms:
        raise QuantizationError(
            f"There are no layers named {', '.join(sorted(unknown))}."
            if unknown
            else "The model has no matrix product or convolution with constant weights, so int8 would change nothing."
        )
    result = onnx.ModelProto()
    result.CopyFrom(model)
    chosen = [layers[name] for name in forms]
    builder = _Builder(calibration, target, known_shapes(model))
    last = {layer.output: layer for layer in chosen}
    replaced = {node.output[0] for layer in chosen for node in layer.nodes[:-1]}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.output[0] in last:
            layer = last[node.output[0]]
            nodes += builder.build(layer, forms[layer.name])
        elif node.output[0] not in replaced:
            nodes.append(node)
    del result.graph.node[:]
    result.graph.node.extend(nodes)
    result.graph.initializer.extend(builder.constants.values())
    drop_unheard_joins(result.graph)
    drop_unused_initializers(result.graph)
    if not any(item.domain == CONTRIB for item in result.opset_import):
        result.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    return result


@dataclass
class _Builder:
    """Nodes and constants of layers in integers; activations and weights that layers share are there once."""

    calibration: Calibration
    target: Target
    shapes: Mapping[str, Sizes]
    constants: dict[str, onnx.TensorProto] = field(default_factory=dict)
    quantized: set[str] = field(default_factory=set)

    def build(self, layer: Layer, form: str) -> list[onnx.NodeProto]:
        """Return the nodes of `layer` in `form`."""
        if form in WEIGHT_ONLY_BITS:
            return [self._weight_only(layer, WEIGHT_ONLY_BITS[form])]
        if layer.parts:
            return self._join_parts(layer) + self._joined_product(layer)
        nodes = self._quantize_activation(layer.activation)
        return nodes + (self._convolution(layer) if layer.kind == CONVOLUTION else self._product(layer))

    def _quantize_activation(self, name: str) -> list[onnx.NodeProto]:
        if name in self.quantized:
            return []
        self.quantized.add(name)
        scale, zero = self._scale(name)
        constants = [
            self._constant(f"{name}.scale", np.asarray(scale)),
            self._constant(f"{name}.zero", np.asarray(zero)),
        ]
        factors = self.calibration.factors.get(name)
        if factors is None:
            return [helper.make_node("QuantizeLinear", [name, *constants], [f"{name}.uint8"])]
        evened = f"{name}.evened"
        divided = self._constant(f"{name}.factors", self._for_a_stream(name, np.reciprocal(factors)))
        return [
            helper.make_node("Mul", [name, divided], [evened]),
            helper.make_node("QuantizeLinear", [evened, *constants], [f"{name}.uint8"]),
        ]

    def _for_a_stream(self, name: str, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is there for each channel as often as one stream has it: long rows are multiplied faster than many."""
        sizes = [size or 0 for size in self.shapes.get(name, [])[1:]]
        row = math.prod(sizes)
        return np.broadcast_to(channels, sizes) if len(channels) < row <= LONGEST_ROW else channels

    def _scale(self, name: str) -> tuple[np.float32, np.uint8]:
        return activation_scale(self.calibration.ranges[name])

    def _factors(self, name: str, size: int) -> NDArray[np.float32]:
        return self.calibration.factors.get(name, np.ones(size, np.float32))

    def _join_parts(self, layer: Layer) -> list[onnx.NodeProto]:
        """Return the nodes that put the integers of the parts beside each other, each with a scale of its own."""
        nodes = [node for part in layer.parts for node in self._quantize_activation(part.name)]
        joined = _joined(layer)
        if joined not in self.quantized:
            self.quantized.add(joined)
            integers = [f"{part.name}.uint8" for part in layer.parts]
            nodes.append(helper.make_node("Concat", integers, [joined], axis=-1))
        return nodes

    def _joined_product(self, layer: Layer) -> list[onnx.NodeProto]:
        parts = [(self._scale(part.name), self._factors(part.name, part.size)) for part in layer.parts]
        scales = np.concatenate([scale * factors for (scale, _), factors in parts])
        zeros = np.concatenate([np.full(len(factors), zero) for (_, zero), factors in parts])
        moments = self.calibration.moments.get(layer.activation)
        weight, scale, offset = quantize_joined(layer.weight, scales, zeros, self.target, moments)
        bias = offset if layer.bias is None else layer.bias + offset
        stem = f"{layer.weight_name}.{layer.activation}"
        inputs = [
            _joined(layer),
            self._constant(f"{stem}.int8", weight),
            self._constant("joined.scale", np.asarray(np.float32(1))),
            self._constant(f"{stem}.int8.scale", scale),
            self._constant("joined.zero", np.asarray(JOINED_ZERO)),
            self._constant(f"{stem}.int8.zero", np.zeros_like(scale, dtype=np.int8)),
            self._constant(f"{layer.output}.bias", bias),
        ]
        return [helper.make_node("MatMulIntegerToFloat", inputs, [layer.output], name=layer.name, domain=CONTRIB)]

    def _product(self, layer: Layer) -> list[onnx.NodeProto]:
        activation = layer.activation
        scale, _ = self._scale(activation)
        if layer.kind == GROUPED:
            weight, weight_scale = quantize_groups(layer.weight, scale, self.target)
        else:
            factors = self._factors(activation, len(layer.weight))
            moments = self.calibration.moments.get(activation)
            weight, weight_scale = quantize_product(layer.weight, scale, self.target, moments, factors)
        # One activation's scale decides the weights' scales, so a weight that meets two activations is there twice.
        stem = f"{layer.weight_name}.{activation}"
        names = [
            self._constant(f"{stem}.int8", weight),
            self._constant(f"{stem}.int8.scale", weight_scale),
            self._constant(f"{stem}.int8.zero", np.zeros_like(weight_scale, dtype=np.int8)),
        ]
        inputs = [f"{activation}.uint8", names[0], f"{activation}.scale", names[1], f"{activation}.zero", names[2]]
        if layer.bias is not None:
            inputs.append(self._constant(f"{layer.output}.bias", layer.bias))
        return [helper.make_node("MatMulIntegerToFloat", inputs, [layer.output], name=layer.name, domain=CONTRIB)]

    def _convolution(self, layer: Layer) -> list[onnx.NodeProto]:
        scale, _ = self._scale(layer.activation)
        output_scale, output_zero = self._scale(layer.output)
        # The bias goes in as int32, also that of a channel whose kernel is next to nothing.
        bias = np.zeros(len(layer.weight), np.float32) if layer.bias is None else layer.bias
        least_scale = np.maximum(np.abs(bias) / (scale * LARGEST_BIAS), SMALLEST_SCALE)
        kernel, kernel_scale = quantize_kernel(layer.weight, self.target, least_scale)
        stem = layer.weight_name
        inputs = [f"{layer.activation}.{part}" for part in ("uint8", "scale", "zero")]
        inputs += [
            self._constant(f"{stem}.int8", kernel),
            self._constant(f"{stem}.int8.scale", kernel_scale),
            self._constant(f"{stem}.int8.zero", np.zeros_like(kernel_scale, dtype=np.int8)),
            self._constant(f"{layer.output}.after.scale", np.asarray(output_scale)),
            self._constant(f"{layer.output}.after.zero", np.asarray(output_zero)),
        ]
        if layer.bias is not None:
            integers = np.rint(bias / (kernel_scale * scale)).astype(np.int32)
            inputs.append(self._constant(f"{layer.output}.bias", integers))
        integer = f"{layer.output}.after.uint8"
        node = helper.make_node("QLinearConv", inputs, [integer], name=layer.name)
        node.attribute.extend(layer.nodes[0].attribute)
        back = [integer, f"{layer.output}.after.scale", f"{layer.output}.after.zero"]
        return [node, helper.make_node("DequantizeLinear", back, [layer.output])]

    def _weight_only(self, layer: Layer, bits: int) -> onnx.NodeProto:
        packed, scale = quantize_blocks(layer.weight, bits)
        # Not of the weight: another layer may hear it turned.
        stem = f"{layer.name}.{bits}bit"
        inputs = [layer.activation, self._constant(stem, packed), self._constant(f"{stem}.scale", scale)]
        if layer.bias is not None:
            inputs += ["", "", self._constant(f"{layer.output}.bias", layer.bias)]
        sizes = {"K": layer.weight.shape[0], "N": layer.weight.shape[1], "bits": bits, "block_size": BLOCK}
        return helper.make_node(
            "MatMulNBits",
            inputs,
            [layer.output],
            name=layer.name,
            domain=CONTRIB,
            accuracy_level=INT8_ACCURACY,
            **sizes,
        )

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(values, name)
        return name


def _joined(layer: Layer) -> str:
    # Not NAME.uint8: a convolution over the same activation takes it whole, with one scale.
    return f"{layer.activation}.joined.uint8"
