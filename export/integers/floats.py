"""What stays in float although there are integers for it, and why."""

from __future__ import annotations

from dataclasses import replace

from export.graph.operators import FLOAT, Operator, OperatorCount
from export.integers.candidates import INT8_CONVOLUTIONS, WORTH_CHANGING, Candidate


def explain_floats(operators: OperatorCount, chosen: Candidate, candidates: tuple[Candidate, ...]) -> OperatorCount:
    """Return `operators` with a reason for every product that runs in float."""
    products = tuple(
        item if item.arithmetic != FLOAT or item.reason else replace(item, reason=_choice(item, chosen, candidates))
        for item in operators.products
    )
    return replace(operators, products=products)


def _choice(item: Operator, chosen: Candidate, candidates: tuple[Candidate, ...]) -> str:
    if "Conv" not in item.type or chosen.form == INT8_CONVOLUTIONS:
        kept = any(layer.form == "float" for layer in chosen.layers)
        return "kept float by measurement: see the layers" if kept else f"{chosen.form} has no integers for it"
    other = next((candidate for candidate in candidates if candidate.form == INT8_CONVOLUTIONS), None)
    if other is None:
        return f"{chosen.form} leaves convolutions in float; {INT8_CONVOLUTIONS} was not asked for"
    if not other.sound:
        return f"{INT8_CONVOLUTIONS} was measured and is not sound: {other.error_db:.1f} dB"
    faster = other.speedup / chosen.speedup
    return f"{INT8_CONVOLUTIONS} was measured: {faster:.2f} times as fast as {chosen.form}, {WORTH_CHANGING} is needed"
