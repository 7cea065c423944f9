"""What onnxruntime really runs: the operators of the graph after its own optimiser."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import onnx

from export.runtime import FrameRunner

INTEGER_PRODUCTS = frozenset(
    {"MatMulIntegerToFloat", "MatMulInteger", "QLinearMatMul", "DynamicQuantizeMatMul", "QGemm"}
)
FLOAT_PRODUCTS = frozenset({"MatMul", "Gemm", "FusedMatMul", "FusedGemm", "Conv", "FusedConv", "GRU", "LSTM"})


@dataclass(frozen=True)
class OperatorCount:
    """Operators of an optimised graph: `integer` and `float` matrix products, and all of them by type."""

    integer: int
    float: int
    by_type: dict[str, int]


def count_operators(path: Path) -> OperatorCount:
    """Return the operators of `path` after onnxruntime's optimiser on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        optimised = Path(folder) / "optimised.onnx"
        FrameRunner(path, optimised_to=optimised)
        by_type = Counter(node.op_type for node in onnx.load(optimised).graph.node)
    integer = sum(count for name, count in by_type.items() if name in INTEGER_PRODUCTS)
    floating = sum(count for name, count in by_type.items() if name in FLOAT_PRODUCTS)
    return OperatorCount(integer, floating, dict(by_type.most_common()))
