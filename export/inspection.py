"""What a model file holds, and whether the box would take it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_server.engine.model_file import load_model
from edge_server.errors import HushboxError
from export.checkpoint import sha256_of
from export.errors import ModelFileError
from export.graph.operators import FLOAT, count_operators
from export.integers.saturation import saturating_layers
from export.metadata import Names, read_facts, read_graph, read_manifest, several_path


def inspect_file(path: Path) -> dict[str, Any]:
    """Return facts, hash, operators and manifest of an ONNX file, and why the box would refuse it (empty if it would not).

    Raises ModelFileError or DamagedModelError if it holds no facts, or is a file for several frames.
    """
    facts = read_facts(path)
    if "frames_at_once" in facts:
        raise ModelFileError(
            f"{path} is the second file of a model, for {facts['frames_at_once']} frames at once; inspect the first."
        )
    operators = count_operators(path)
    manifest = Names(path.parent, path.name.split(".", 1)[0]).manifest
    return {
        "file": str(path),
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "facts": facts,
        "manifest": read_manifest(manifest) if manifest.exists() else {},
        "several_frames": several_path(path).name if several_path(path).is_file() else None,
        "operators": operators.to_dict(),
        "float_products": [product.name for product in operators.products if product.arithmetic == FLOAT],
        "saturating_layers": saturating_layers(read_graph(path)),
        "refused": _refusal(path),
    }


def _refusal(path: Path) -> str:
    try:
        load_model(path)
    except HushboxError as error:
        return str(error)
    return ""
