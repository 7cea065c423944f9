"""Transposed convolutions written as convolutions, which onnxruntime has in integers and, in float, in a faster layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from export.graph.layers import TURNED, Constants, constants_of
from export.graph.writing import NodeChain, Sizes, known_shapes


def write_transposed_as_convolutions(model: onnx.ModelProto) -> onnx.ModelProto:
    """Write every ConvTranspose with a constant kernel and a stride along one axis at most as a Conv. Mutates: `model`.

    With stride s an output channel becomes s channels, one for each place between two inputs, which are then laid side by side.
    Source: Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?" (arXiv:1609.07009).
    """
    shapes, constants = known_shapes(model), constants_of(model.graph)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        geometry = _geometry(node, constants, shapes) if node.op_type == "ConvTranspose" else None
        nodes += _Convolution(model.graph, node, geometry, constants).build() if geometry else [node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


@dataclass(frozen=True)
class _Axis:
    """One axis of a transposed convolution: sizes of input, kernel and output, and how the kernel moves over it."""

    inputs: int
    kernel: int
    outputs: int
    stride: int
    dilation: int
    cut: int

    @property
    def taps(self) -> int:
        """How many inputs an output hears."""
        return -(-self.kernel // self.stride)

    @property
    def pads(self) -> tuple[int, int]:
        """Zeros before and after the inputs; what comes out too much is cut off."""
        if self.stride == 1:
            reach = (self.kernel - 1) * self.dilation
            return max(0, reach - self.cut), max(0, self.outputs + self.cut - self.inputs)
        return self.taps - 1, max(0, -(-(self.cut + self.outputs) // self.stride) - self.inputs)

    @property
    def too_many_before(self) -> int:
        """Outputs to cut off at the front."""
        if self.stride > 1:
            return self.cut
        return max(0, self.cut - (self.kernel - 1) * self.dilation)


def _geometry(node: onnx.NodeProto, constants: Constants, shapes: dict[str, Sizes]) -> tuple[list[_Axis], int] | None:
    """Return the axes and the number of groups; None if the node is of a kind that is not rewritten."""
    given = shapes.get(node.input[0])
    kernel = constants.get(node.input[1])
    bias_is_known = len(node.input) < 3 or node.input[2] in ("", *constants)
    if given is None or kernel is None or not bias_is_known or any(size is None for size in given[1:]):
        return None
    attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
    rank = kernel.ndim - 2
    strides, dilations = (list(attributes.get(name, [1] * rank)) for name in ("strides", "dilations"))
    pads, extra = list(attributes.get("pads", [0] * 2 * rank)), list(attributes.get("output_padding", [0] * rank))
    strided = [axis for axis in range(rank) if strides[axis] > 1]
    pads_itself = attributes.get("auto_pad", b"NOTSET") != b"NOTSET" or "output_shape" in attributes
    if len(strided) > 1 or any(dilations[axis] > 1 for axis in strided) or pads_itself:
        return None
    axes = []
    for axis, inputs in enumerate(given[2:]):
        size, stride, dilation = kernel.shape[2 + axis], strides[axis], dilations[axis]
        assert inputs is not None
        outputs = (inputs - 1) * stride + extra[axis] + (size - 1) * dilation + 1 - pads[axis] - pads[rank + axis]
        axes.append(_Axis(inputs, size, outputs, stride, dilation, pads[axis]))
    return axes, int(attributes.get("group", 1))


class _Convolution:
    """One transposed convolution, written anew. Mutates: the constants of the graph."""

    def __init__(
        self, graph: onnx.GraphProto, node: onnx.NodeProto, geometry: tuple[list[_Axis], int], constants: Constants
    ) -> None:
        self.node, self.constants = node, constants
        self.axes, self.groups = geometry
        self.strided = next((index for index, axis in enumerate(self.axes) if axis.stride > 1), None)
        self.stride = 1 if self.strided is None else self.axes[self.strided].stride
        self.chain = NodeChain(graph, node, "turned")

    def build(self) -> list[onnx.NodeProto]:
        """Return the nodes that take the place of the transposed convolution."""
        kernel = self._kernel()
        inputs = [self._turned(kernel, self.node.input[1])]
        if len(self.node.input) > 2 and self.node.input[2]:
            bias = np.repeat(self.constants[self.node.input[2]], self.stride)
            inputs.append(self._turned(bias, self.node.input[2]))
        before, after = zip(*(axis.pads for axis in self.axes), strict=True)
        dilations = [axis.dilation for axis in self.axes]
        self.chain.step("Conv", *inputs, pads=[*before, *after], dilations=dilations, group=self.groups)
        if self.strided is not None:
            self._lay_side_by_side(len(kernel) // self.stride, self.strided)
        self._cut()
        return self.chain.finish()

    def _turned(self, values: NDArray[np.float32], name: str) -> str:
        # Nodes may share a kernel but have other sizes, so each has its own.
        return self.chain.named_constant(values, f"{name}{TURNED}{self.node.output[0]}")

    def _kernel(self) -> NDArray[np.float32]:
        """Return the kernel `[outputs * stride, inputs / groups, ...]` of the convolution, the earliest input first."""
        kernel = self.constants[self.node.input[1]]
        rank, groups = len(self.axes), self.groups
        if self.strided is not None:
            lacking = [(0, 0)] * kernel.ndim
            axis = self.axes[self.strided]
            lacking[2 + self.strided] = (0, axis.taps * axis.stride - axis.kernel)
            kernel = np.pad(kernel, lacking)
        inputs, outputs, *sizes = kernel.shape
        split = list(sizes)
        if self.strided is None:
            split.append(1)
        else:
            split[self.strided : self.strided + 1] = [sizes[self.strided] // self.stride, self.stride]
        places = 3 + (rank if self.strided is None else self.strided + 1)
        shaped = kernel.reshape(groups, inputs // groups, outputs, *split)
        order = [0, 2, places, 1, *(axis for axis in range(3, shaped.ndim) if axis != places)]
        moved = shaped.transpose(order)
        turned = np.flip(moved, axis=tuple(range(4, moved.ndim)))
        return np.ascontiguousarray(turned).reshape(groups * outputs * self.stride, inputs // groups, *turned.shape[4:])

    def _lay_side_by_side(self, channels: int, strided: int) -> None:
        chain, made = self.chain, [self._made(axis) for axis in self.axes]
        chain.step("Reshape", chain.constant(np.array([0, channels, self.stride, *made])))
        order = [0, 1, *range(3, 3 + len(made))]
        order.insert(2 + strided + 1, 2)
        chain.step("Transpose", perm=order)
        made[strided] *= self.stride
        chain.step("Reshape", chain.constant(np.array([0, channels, *made])))

    def _made(self, axis: _Axis) -> int:
        reach = (axis.taps - 1) if axis.stride > 1 else (axis.kernel - 1) * axis.dilation
        return axis.inputs + sum(axis.pads) - reach

    def _cut(self) -> None:
        for index, axis in enumerate(self.axes):
            first, made = axis.too_many_before, self._made(axis) * axis.stride
            if (first, made) != (0, axis.outputs):
                bounds = ([first], [first + axis.outputs], [2 + index])
                parts = (self.chain.constant(np.array(bound), part=str(i)) for i, bound in enumerate(bounds))
                self.chain.step("Slice", *parts)
