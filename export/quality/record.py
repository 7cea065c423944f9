"""The record of an evaluation: one JSON file that reports and model cards are written from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from export.errors import AudioError
from export.metrics import Scores
from export.pairs import Pair
from export.quality.cost import BATCH, measure_cost
from export.quality.evaluation import Row, Settings
from export.quality.summary import integer_cost, summarise
from export.quality.systems import SystemSpec

FORMAT = 1
PACKAGES = ("pesq", "pystoi", "pyrnnoise", "onnxruntime", "numpy")


def make_record(
    specs: Sequence[SystemSpec], pairs: Sequence[Pair], settings: Settings, rows: Sequence[Row]
) -> dict[str, Any]:
    """Return everything that was measured, with the hashes of what it was measured on, as JSON-ready values."""
    return {
        "format": FORMAT,
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "dnsmos": settings.dnsmos.name if settings.dnsmos else None,
        "pairs": {
            "clips": len(pairs),
            "seconds": round(sum(len(pair.clean) / pair.sample_rate_hz for pair in pairs), 1),
            "sha256": _hash_of(pairs),
        },
        "systems": [{"name": spec.name, "kind": spec.kind, "files": spec.hashes()} for spec in specs],
        "summary": summarise(rows),
        "int8_cost": integer_cost(rows),
        "cost": {"batch": BATCH, "us": measure_cost(specs)},
        "rows": [_row_to_dict(row) for row in rows],
    }


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a record as JSON."""
    path.write_text(json.dumps(record, indent=1) + "\n")


def read_record(path: Path) -> tuple[dict[str, Any], list[Row]]:
    """Return a record and its rows. Raises AudioError if the file is not one."""
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        return record, [_row_from_dict(row) for row in record["rows"]]
    except (ValueError, KeyError, TypeError) as cause:
        raise AudioError(
            f"{path} is not the evaluation.json of 'python -m export evaluate --report': {cause}"
        ) from cause


def _hash_of(pairs: Sequence[Pair]) -> str:
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(pair.noisy.tobytes())
        digest.update(pair.clean.tobytes())
    return digest.hexdigest()


def _row_to_dict(row: Row) -> dict[str, Any]:
    values = asdict(row)
    values["scores"] = {
        name: None if math.isnan(value) else round(value, 5) for name, value in values["scores"].items()
    }
    return values


def _row_from_dict(values: dict[str, Any]) -> Row:
    scores = {name: math.nan if value is None else value for name, value in values["scores"].items()}
    return Row(**{**values, "scores": Scores(**scores)})
