"""`inspect`: what a model file says about itself, and whether that is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from export.commands.options import FILE, json_option, show


@click.command()
@click.argument("model", type=FILE)
@json_option
@click.pass_context
def inspect(context: click.Context, model: Path, as_json: bool) -> None:
    """Print facts, hashes, operators and verdict of an ONNX file, and whether the box would take it; exit code 1 if not."""
    from export.inspection import inspect_file

    found = inspect_file(model)
    show(as_json, found, describe(found))
    if found["refused"]:
        context.exit(1)


def describe(found: dict[str, Any]) -> str:
    """Return what was found as lines for a person."""
    facts, operators = found["facts"], found["operators"]
    lines = [f"{key:>20}  {_short(value)}" for key, value in facts.items()]
    lines += [
        f"{'sha256':>20}  {found['sha256']}",
        f"{'bytes':>20}  {found['bytes']}",
        f"{'work of a frame':>20}  {operators['macs']} multiply-accumulates, {operators['integer_macs_percent']:g} % in integers",
        f"{'products':>20}  {operators['integer']} integer, {operators['weight_only']} weight only, {operators['float']} float",
        f"{'float layers':>20}  {', '.join(found['float_products']) or 'none'}",
        f"{'saturates on AVX2':>20}  {', '.join(found['saturating_layers']) or 'no'}",
    ]
    scores = found["manifest"].get("evidence", {}).get("quality")
    if scores:
        lines.append(f"{'quality':>20}  {_short(scores)}")
    lines.append(f"{'the box':>20}  {'refuses it: ' + found['refused'] if found['refused'] else 'takes it'}")
    return "\n".join(lines)


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
