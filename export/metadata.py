"""Facts inside and beside a model file: the ONNX metadata property `hushbox` and the manifest NAME.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from export.checkpoint import sha256_of
from export.errors import ModelFileError
from export.model import Denoiser

FORMAT = 1
PROPERTY = "hushbox"


@dataclass(frozen=True)
class Names:
    """The files of one model in a folder."""

    folder: Path
    name: str

    @property
    def fp32(self) -> Path:
        """The float graph."""
        return self.folder / f"{self.name}.fp32.onnx"

    @property
    def int8(self) -> Path:
        """The integer graph, the one that is served."""
        return self.folder / f"{self.name}.int8.onnx"

    @property
    def manifest(self) -> Path:
        """Facts, hash and verification results."""
        return self.folder / f"{self.name}.json"


def model_facts(model: Denoiser, name: str, training: dict[str, Any], checkpoint_sha256: str) -> dict[str, Any]:
    """Return what a server has to know to run the model, as JSON-ready values."""
    return {
        "format": FORMAT,
        "name": name,
        **model.spec.to_dict(),
        "states": [{"name": spec.name, "shape": list(spec.shape)} for spec in model.state_specs()],
        "architecture": model.config.to_dict(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "licence": "Apache-2.0",
        "training_data": training.get("training_data", "unknown"),
        "training": {key: value for key, value in training.items() if key != "training_data"},
        "checkpoint_sha256": checkpoint_sha256,
    }


def embed(path: Path, facts: dict[str, Any]) -> None:
    """Write `facts` into the ONNX file at `path`. Mutates: the file."""
    model = onnx.load(path)
    del model.metadata_props[:]
    model.metadata_props.append(onnx.StringStringEntryProto(key=PROPERTY, value=json.dumps(facts, sort_keys=True)))
    model.producer_name, model.producer_version, model.doc_string = "hushbox", "", ""
    onnx.save(model, path)


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts inside an ONNX file. Raises ModelFileError if there are none."""
    if not path.exists():
        raise ModelFileError(f"There is no model at {path}.")
    try:
        model = onnx.load(path)
    except Exception as cause:
        raise ModelFileError(f"{path} is not a readable ONNX file: {cause}") from cause
    for entry in model.metadata_props:
        if entry.key == PROPERTY:
            facts: dict[str, Any] = json.loads(entry.value)
            return facts
    raise ModelFileError(f"{path} has no '{PROPERTY}' metadata; write it with 'python -m export export'.")


def write_manifest(names: Names, facts: dict[str, Any], results: dict[str, Any]) -> None:
    """Write NAME.json for NAME.int8.onnx. The first model of a folder becomes its default and stays it."""
    others = [path for path in names.folder.glob("*.json") if path != names.manifest]
    manifest = {
        **facts,
        "default": not any(json.loads(path.read_text()).get("default") for path in others),
        "file": names.int8.name,
        "sha256": sha256_of(names.int8),
        **results,
    }
    names.manifest.write_text(json.dumps(manifest, indent=2) + "\n")
