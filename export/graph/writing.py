"""Writing nodes into an ONNX graph in place of others, and what is known of the tensors that they hear."""

from __future__ import annotations

from typing import Any

import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Sizes = list[int | None]


def known_shapes(model: onnx.ModelProto) -> dict[str, Sizes]:
    """Return the sizes of every tensor whose shape can be inferred, by name; None is a size that is not fixed."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    return {value.name: _sizes(value) for value in (*inferred.value_info, *inferred.input)}


def _sizes(value: onnx.ValueInfoProto) -> Sizes:
    return [dim.dim_value if dim.HasField("dim_value") else None for dim in value.type.tensor_type.shape.dim]


class NodeChain:
    """The nodes that take the place of one node, named after its output, `stem` and their number.

    `last` is the tensor that the chain has come to: at first what the node hears. Mutates: the constants of the graph.
    """

    def __init__(self, graph: onnx.GraphProto, node: onnx.NodeProto, stem: str) -> None:
        self.last: str = node.input[0]
        self._graph, self._output, self._stem = graph, node.output[0], stem
        self._nodes: list[onnx.NodeProto] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Write a node over any inputs, and return the name of its output, which is `last` from then on."""
        self.last = self._next_name()
        self._nodes.append(helper.make_node(operator, inputs, [self.last], name=self.last, **attributes))
        return self.last

    def step(self, operator: str, *constants: str, **attributes: Any) -> None:
        """Write a node over `last`, and constants after it."""
        self.add(operator, self.last, *constants, **attributes)

    def constant(self, values: NDArray[Any], part: str = "") -> str:
        """Keep a constant for the next node, and return its name; `part` tells several for one node apart."""
        return self.named_constant(values, f"{self._next_name()}.constant{part}")

    def named_constant(self, values: NDArray[Any], name: str) -> str:
        """Keep a constant under a name of its own, and return the name."""
        self._graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def finish(self) -> list[onnx.NodeProto]:
        """Return the nodes; the last one gives what the replaced node gave."""
        self._nodes[-1].output[0] = self._output
        return self._nodes

    def _next_name(self) -> str:
        return f"{self._output}.{self._stem}{len(self._nodes)}"
