"""A graph of one frame unrolled into one of several: what hears itself runs frame after frame, the rest once for all of them.

Rows are in the order of time: all streams' first frames, then all their second ones. Axis 0 of every tensor has to be the
batch, which whoever ships an unrolled graph proves by running it.
"""

from __future__ import annotations

import copy
from typing import Any

import networkx
import onnx
from onnx import helper

from edge_server.engine.model_file import LAST_ROW

STATE_IN, STATE_OUT = "state_in_", "state_out_"


def unroll(model: onnx.ModelProto, frames: int) -> onnx.ModelProto:
    """Return a graph that takes frames `[frames * batch, ...]` and states `[batch, ...]`, and gives the same numbers.

    `last_row` int64 `[batch]`, an input of its own, is the row of each stream's last frame, after which its states come out.
    """
    unrolled = copy.deepcopy(model)
    graph = unrolled.graph
    nodes = _Unrolling(model.graph, frames).nodes()
    del graph.node[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.input.append(helper.make_tensor_value_info(LAST_ROW, onnx.TensorProto.INT64, ["batch"]))
    for tensor in (graph.input[0], graph.output[0]):
        tensor.type.tensor_type.shape.dim[0].dim_param = "rows"
    return unrolled


class _Unrolling:
    """The nodes written so far, and each tensor of the old graph in the new one: whole, or frame by frame, or both."""

    def __init__(self, graph: onnx.GraphProto, frames: int) -> None:
        self._graph, self._frames = graph, frames
        self._output = graph.output[0].name
        self._states = [value.name.removeprefix(STATE_IN) for value in graph.input[1:]]
        self._fed_back: dict[str, str] = {STATE_OUT + state: STATE_IN + state for state in self._states}
        self._constants = {value.name for value in graph.initializer} | {""}
        self._constants |= {name for node in graph.node if not node.input for name in node.output}
        self._nodes: list[onnx.NodeProto] = []
        self._whole: dict[str, str] = {graph.input[0].name: graph.input[0].name}
        self._by_frame: dict[str, list[str]] = {}

    def nodes(self) -> list[onnx.NodeProto]:
        """Return the nodes of the new graph."""
        for loop, members in self._in_order():
            if loop:
                self._write_loop(members)
            else:
                self._write_once(members[0])
            self._feed_back(members)
        for state in self._states:
            after_each = self._all_frames(STATE_OUT + state)
            self._write("Gather", [after_each, LAST_ROW], [STATE_OUT + state], axis=0)
        self._all_frames(self._output)
        return self._nodes

    def _in_order(self) -> list[tuple[bool, list[onnx.NodeProto]]]:
        """Return the nodes in an order in which they can run: alone, or those together that hear each other over time."""
        heard_by = networkx.DiGraph()
        makers = {name: number for number, node in enumerate(self._graph.node) for name in node.output}
        makers |= {fed: makers[made] for made, fed in self._fed_back.items()}
        for number, node in enumerate(self._graph.node):
            heard_by.add_node(number)
            heard_by.add_edges_from((makers[name], number) for name in node.input if name in makers)
        groups = networkx.condensation(heard_by)
        ordered = networkx.lexicographical_topological_sort(
            groups, key=lambda group: min(groups.nodes[group]["members"])
        )
        result = []
        for group in ordered:
            members = sorted(groups.nodes[group]["members"])
            loop = len(members) > 1 or heard_by.has_edge(members[0], members[0])
            result.append((loop, [self._graph.node[number] for number in members]))
        return result

    def _write_once(self, node: onnx.NodeProto) -> None:
        written = copy.deepcopy(node)
        written.input[:] = [self._all_frames(name) for name in node.input]
        for name in node.output:
            self._whole[name] = f"{name}.each" if name in self._fed_back else name
        written.output[:] = [self._whole[name] for name in node.output]
        self._nodes.append(written)

    def _write_loop(self, members: list[onnx.NodeProto]) -> None:
        for made in (name for node in members for name in node.output if name in self._fed_back):
            self._by_frame[self._fed_back[made]] = [self._fed_back[made]]
        for frame in range(self._frames):
            for node in members:
                written = copy.deepcopy(node)
                written.name = f"{node.name or node.output[0]}.frame{frame}"
                written.input[:] = [self._one_frame(name, frame) for name in node.input]
                written.output[:] = [f"{name}.frame{frame}" for name in node.output]
                self._nodes.append(written)
                for name, new in zip(node.output, written.output, strict=True):
                    self._by_frame.setdefault(name, []).append(new)
                    if name in self._fed_back:
                        self._by_frame[self._fed_back[name]].append(new)

    def _feed_back(self, members: list[onnx.NodeProto]) -> None:
        """Let those who hear a state find, at each frame, what the frame before left."""
        for made in (name for node in members for name in node.output if name in self._fed_back):
            fed = self._fed_back[made]
            earlier = [self._one_frame(made, frame) for frame in range(self._frames - 1)]
            self._by_frame[fed] = [fed, *earlier]

    def _all_frames(self, name: str) -> str:
        if name in self._constants:
            return name
        if name not in self._whole:
            self._whole[name] = name if name == self._output else f"{name}.whole"
            self._write("Concat", self._by_frame[name], [self._whole[name]], axis=0)
        return self._whole[name]

    def _one_frame(self, name: str, frame: int) -> str:
        if name in self._constants:
            return name
        if name not in self._by_frame:
            parts = [f"{name}.frame{number}" for number in range(self._frames)]
            self._write("Split", [self._whole[name]], parts, axis=0, num_outputs=self._frames)
            self._by_frame[name] = parts
        return self._by_frame[name][frame]

    def _write(self, operator: str, inputs: list[str], outputs: list[str], **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
