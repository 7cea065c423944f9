"""Facts inside and beside a model file: the ONNX metadata property `hushbox` and the manifest NAME.json."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnx

from export.checkpoint import sha256_of, write_whole
from export.contract import StateBounds, StreamingModule
from export.errors import DamagedModelError, ModelFileError

FORMAT = 1
PROPERTY = "hushbox"
FRAMES_AT_ONCE = 4
"""The second file of a model takes so many: a packet of 60 ms holds three or four frames of 16 ms.

Of eight, each would cost a tenth less in batches of eight streams, and packets of 60 ms would leave half of them empty.
"""
TOOLS = ("torch", "onnx", "onnxruntime", "onnxscript", "numpy")


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
    def int4(self) -> Path:
        """The graph with weights in 4 bits, where that was chosen instead."""
        return self.folder / f"{self.name}.int4.onnx"

    @property
    def manifest(self) -> Path:
        """Facts, hash and verification results."""
        return self.folder / f"{self.name}.json"

    @property
    def report(self) -> Path:
        """Folder of the report for people and machines."""
        return self.folder / f"{self.name}.report"

    def shipped(self) -> Path:
        """Return the file that the manifest names. Raises ModelFileError if there is no readable manifest."""
        return self.folder / str(read_manifest(self.manifest).get("file", self.int8.name))


def several_path(shipped: Path) -> Path:
    """Return the name of the file for several frames at once beside `shipped`: NAME.int8.x4.onnx."""
    return shipped.with_suffix(f".x{FRAMES_AT_ONCE}.onnx")


def _several_facts(shipped: Path) -> dict[str, Any]:
    """Return what a manifest says of the file for several frames; nothing where there is none."""
    path = several_path(shipped)
    if not path.is_file():
        return {}
    return {"several": {"file": path.name, "sha256": sha256_of(path), "frames_at_once": FRAMES_AT_ONCE}}


def model_facts(
    model: StreamingModule, name: str, training: dict[str, Any], checkpoint_sha256: str, licence: str, factory: str
) -> dict[str, Any]:
    """Return what a server has to know to run the model, as JSON-ready values."""
    config = getattr(model, "config", None)
    return {
        "format": FORMAT,
        "name": name,
        **model.spec.to_dict(),
        "states": [_state_facts(spec.name, spec.shape, spec.bound) for spec in model.state_specs()],
        "architecture": type(model).__name__ if config is None else config.to_dict(),
        "factory": factory,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "licence": licence,
        "training_data": training.get("training_data", "unknown"),
        "training": {key: value for key, value in training.items() if key != "training_data"},
        "checkpoint_sha256": checkpoint_sha256,
        "tools": {"python": platform.python_version(), **{tool: version(tool) for tool in TOOLS}},
    }


def _state_facts(name: str, shape: tuple[int, ...], bound: float | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"name": name, "shape": list(shape)}
    return facts if bound is None else {**facts, "bound": bound}


def state_bounds(facts: dict[str, Any]) -> StateBounds:
    """Return the bounds of the states that a file states."""
    return {state["name"]: state.get("bound") for state in facts["states"]}


def embed(path: Path, facts: dict[str, Any]) -> None:
    """Write `facts` into the ONNX file at `path`. Mutates: the file."""
    model = onnx.load(path)
    embed_in(model, facts)
    onnx.save(model, path)


def embed_in(model: onnx.ModelProto, facts: dict[str, Any]) -> None:
    """Write `facts` into an ONNX model. Mutates: `model`."""
    del model.metadata_props[:]
    model.metadata_props.append(onnx.StringStringEntryProto(key=PROPERTY, value=json.dumps(facts, sort_keys=True)))
    model.producer_name, model.producer_version, model.doc_string = "hushbox", "", ""


def read_facts(path: Path) -> dict[str, Any]:
    """Return the facts inside an ONNX file. Raises DamagedModelError or ModelFileError if there are none."""
    model = read_graph(path)
    for entry in model.metadata_props:
        if entry.key == PROPERTY:
            facts: dict[str, Any] = json.loads(entry.value)
            return facts
    raise ModelFileError(f"{path} has no '{PROPERTY}' metadata; write it with 'hushbox-export export'.")


def read_graph(path: Path) -> onnx.ModelProto:
    """Return an ONNX file as a graph. Raises ModelFileError if there is none, DamagedModelError if it is torn."""
    if not path.exists():
        raise ModelFileError(f"There is no model at {path}.")
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=False)
    except Exception as cause:
        first = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
        raise DamagedModelError(
            f"{path} is truncated or not an ONNX file ({first}); write or copy it again."
        ) from cause
    return model


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest. Raises ModelFileError if it is missing or not JSON."""
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError as cause:
        raise ModelFileError(f"There is no manifest {path}; write it with 'hushbox-export quantize'.") from cause
    except ValueError as cause:
        raise ModelFileError(f"{path} is not a readable manifest: {cause}") from cause
    return manifest


def _is_default(path: Path) -> bool:
    """Return whether a file is a manifest that says so; other JSON may lie in the folder too."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and bool(found.get("default"))


def write_manifest(
    names: Names, facts: dict[str, Any], results: dict[str, Any], shipped: Path | None = None
) -> dict[str, Any]:
    """Write NAME.json for the shipped file and return it. The first model of a folder becomes its default and stays it."""
    shipped = shipped or names.int8
    others = [path for path in names.folder.glob("*.json") if path != names.manifest]
    manifest = {
        **facts,
        "default": not any(_is_default(path) for path in others),
        "file": shipped.name,
        "sha256": sha256_of(shipped),
        **_several_facts(shipped),
        **results,
    }
    write_whole(names.manifest, (json.dumps(manifest, indent=2) + "\n").encode())
    return manifest
