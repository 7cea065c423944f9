"""The exporter's optimiser, kept from leaving out terms and factors that are small but there."""

from __future__ import annotations

import math

import onnx
from onnx import numpy_helper
from onnxscript import optimizer

from export.graph.layers import constants_of

NEUTRAL = {"Add": 0.0, "Sub": 0.0, "Mul": 1.0, "Div": 1.0}
"""What an operator may be given without changing anything."""


def optimise_exactly(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with constants folded and nodes fused, and every `+ 1e-8` still in it.

    onnxscript takes a scalar within 1e-8 of 0 for 0, and within 1e-5 of 1 for 1, and leaves the operator out: the logarithm of
    silence is then infinite. It looks at scalars without an axis only, so those that are no such number are given one.
    """
    optimizer.fold_constants(model)
    _give_an_axis(model.graph)
    exact: onnx.ModelProto = optimizer.optimize(model)
    return exact


def _give_an_axis(graph: onnx.GraphProto) -> None:
    constants = constants_of(graph)
    for node in graph.node:
        neutral = NEUTRAL.get(node.op_type)
        for index, name in enumerate(node.input):
            value = constants.get(name)
            if neutral is None or value is None or value.ndim or value.dtype.kind != "f" or value == neutral:
                continue
            if math.isclose(value, neutral, rel_tol=1e-4, abs_tol=1e-7):
                kept = f"{name}.kept"
                if kept not in constants:
                    constants[kept] = value.reshape(1)
                    graph.initializer.append(numpy_helper.from_array(constants[kept], kept))
                node.input[index] = kept
