"""A model file, opened and checked against the model contract (ARCHITECTURE.md, "The model file")."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnxruntime as ort

from edge_server.audio.geometry import StreamGeometry
from edge_server.errors import ModelHashWrongError, ModelMetadataWrongError, ModelMissingError

METADATA_KEY = "hushbox"
METADATA_FORMAT = 1
SHIPPED_SUFFIX = ".int8.onnx"
LAST_ROW = "last_row"
"""What a model for several frames takes beside spectra and states: the row of each stream's last frame."""
REPEATED_FACTS = ("name", "sample_rate_hz", "window_samples", "hop_samples", "bins", "states")


@dataclass(frozen=True, slots=True)
class StateFacts:
    """One recurrent tensor: its layer's name and the shape of one row."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model file says about itself: rate in Hz, window and hop in samples, bins, states."""

    name: str
    sample_rate_hz: int
    window_samples: int
    hop_samples: int
    bins: int
    states: tuple[StateFacts, ...]
    licence: str
    training_data: str

    @property
    def state_blocks(self) -> dict[tuple[int, ...], list[str]]:
        """The names of the states of each shape, which are kept beside each other and copied together."""
        blocks: dict[tuple[int, ...], list[str]] = {}
        for state in self.states:
            blocks.setdefault(state.shape, []).append(state.name)
        return blocks

    def geometry(self, sample_rate_hz: int) -> StreamGeometry:
        """Give the geometry of a stream at `sample_rate_hz`; raises UnsupportedRateError."""
        return StreamGeometry.for_rate(
            sample_rate_hz,
            model_rate_hz=self.sample_rate_hz,
            window_samples=self.window_samples,
            hop_samples=self.hop_samples,
        )


@dataclass(frozen=True, slots=True)
class SeveralFrames:
    """The same model as a graph that takes `frames_at_once` frames of every stream in one run."""

    session: ort.InferenceSession
    frames_at_once: int


@dataclass(frozen=True, slots=True)
class ModelFile:
    """An opened model: its facts, its onnxruntime session, where it came from and its hash.

    `several` is None where its makers could not unroll it.
    """

    facts: ModelFacts
    session: ort.InferenceSession
    path: Path
    sha256: str
    several: SeveralFrames | None = None

    @property
    def frames_at_once(self) -> int:
        """How many frames of a stream one run can take."""
        return self.several.frames_at_once if self.several else 1


def find_default_model(folder: Path) -> Path:
    """Give the ONNX file of the manifest with `"default": true`, or of the only manifest there is.

    Raises ModelMissingError when there is none, or several and not exactly one default.
    """
    manifests = {path: _read_manifest(path) for path in sorted(folder.glob("*.json"))}
    models = {path: manifest for path, manifest in manifests.items() if "sha256" in manifest}
    if not models:
        raise ModelMissingError(f"There is no model in {folder}.")
    chosen = list(models) if len(models) == 1 else [path for path in models if models[path].get("default") is True]
    if len(chosen) != 1:
        raise ModelMissingError(f"{folder} holds {len(models)} models; exactly one of them must be the default.")
    return chosen[0].parent / str(models[chosen[0]].get("file", chosen[0].stem + SHIPPED_SUFFIX))


def load_model(path: Path) -> ModelFile:
    """Open the shipped model `NAME.int8.onnx` after checking it against the manifest `NAME.json` beside it.

    Raises ModelMissingError, ModelHashWrongError or ModelMetadataWrongError.
    """
    if not path.is_file():
        raise ModelMissingError(f"There is no model file {path}.")
    manifest_path = path.parent / (
        path.name.removesuffix(".onnx").removesuffix(".int8").removesuffix(".int4") + ".json"
    )
    if not manifest_path.is_file():
        raise ModelMissingError(f"The model {path.name} has no manifest {manifest_path.name} beside it.")
    manifest = _read_manifest(manifest_path)
    if manifest.get("sha256") != _sha256(path):
        raise ModelHashWrongError(f"{path.name} is not the file that {manifest_path.name} describes.")
    model = open_model(path)
    metadata = _metadata(model.session, path)
    for fact in REPEATED_FACTS:
        if manifest.get(fact) != metadata[fact]:
            raise ModelMetadataWrongError(f"{manifest_path.name} and {path.name} disagree about {fact!r}.")
    if "several" not in manifest:
        return model
    return replace(model, several=_open_several(manifest["several"], manifest_path, metadata))


def open_model(path: Path) -> ModelFile:
    """Open an ONNX file that keeps the model contract, whether or not it has a manifest.

    Raises ModelMissingError or ModelMetadataWrongError.
    """
    if not path.is_file():
        raise ModelMissingError(f"There is no model file {path}.")
    session = _session(path)
    facts = _facts(_metadata(session, path), path)
    _check_tensors(session, facts, path)
    return ModelFile(facts=facts, session=session, path=path, sha256=_sha256(path))


def _session(path: Path) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # One thread: the engine's own. More threads, or spinning ones, take cores from the network loop for nothing.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exception classes share no base of their own
        raise ModelMetadataWrongError(f"{path.name} is not a model that can be opened: {error}") from error


def _open_several(entry: object, manifest_path: Path, one: dict[str, Any]) -> SeveralFrames:
    if not isinstance(entry, dict):
        raise ModelMetadataWrongError(f"'several' in {manifest_path.name} is not a JSON object.")
    path = manifest_path.parent / str(entry.get("file"))
    if not path.is_file():
        raise ModelMissingError(f"{manifest_path.name} names {path.name}, which is not beside it.")
    if entry.get("sha256") != _sha256(path):
        raise ModelHashWrongError(f"{path.name} is not the file that {manifest_path.name} describes.")
    session = _session(path)
    metadata = _metadata(session, path)
    frames_at_once = metadata.get("frames_at_once")
    if (
        metadata != one | {"frames_at_once": frames_at_once}
        or not isinstance(frames_at_once, int)
        or frames_at_once < 2
    ):
        raise ModelMetadataWrongError(f"{path.name} is not the model {one['name']} for several frames at once.")
    _check_tensors(session, _facts(metadata, path), path, several=True)
    return SeveralFrames(session, frames_at_once)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelMetadataWrongError(f"{path.name} is not readable JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise ModelMetadataWrongError(f"{path.name} is not a JSON object.")
    return manifest


def _metadata(session: ort.InferenceSession, path: Path) -> dict[str, Any]:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelMetadataWrongError(f"{path.name} has no metadata property {METADATA_KEY!r}.")
    try:
        metadata = json.loads(text)
    except ValueError as error:
        raise ModelMetadataWrongError(f"The metadata of {path.name} is not JSON: {error}") from error
    if not isinstance(metadata, dict) or metadata.get("format") != METADATA_FORMAT:
        raise ModelMetadataWrongError(f"The metadata of {path.name} is not of format {METADATA_FORMAT}.")
    return metadata


def _facts(metadata: dict[str, Any], path: Path) -> ModelFacts:
    try:
        facts = ModelFacts(
            name=str(metadata["name"]),
            sample_rate_hz=int(metadata["sample_rate_hz"]),
            window_samples=int(metadata["window_samples"]),
            hop_samples=int(metadata["hop_samples"]),
            bins=int(metadata["bins"]),
            states=tuple(
                StateFacts(str(state["name"]), tuple(int(size) for size in state["shape"]))
                for state in metadata["states"]
            ),
            licence=str(metadata.get("licence", "")),
            training_data=str(metadata.get("training_data", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelMetadataWrongError(f"The metadata of {path.name} lacks or garbles a fact: {error}") from error
    if metadata.get("frames", "spectrum") != "spectrum":
        raise ModelMetadataWrongError(f"{path.name} takes frames of {metadata['frames']}; the box serves spectra only.")
    if metadata.get("window") != "sqrt_hann" or facts.sample_rate_hz < 1 or facts.hop_samples < 1:
        raise ModelMetadataWrongError(f"{path.name} needs a sqrt_hann window and positive sizes.")
    if facts.window_samples != 2 * facts.hop_samples or facts.bins != facts.hop_samples + 1:
        raise ModelMetadataWrongError(f"{path.name} needs a window of two hops and window / 2 + 1 bins.")
    return facts


def _check_tensors(session: ort.InferenceSession, facts: ModelFacts, path: Path, several: bool = False) -> None:
    inputs = {tensor.name: tensor for tensor in session.get_inputs()}
    if several and ((row := inputs.pop(LAST_ROW, None)) is None or (row.type, len(row.shape)) != ("tensor(int64)", 1)):
        raise ModelMetadataWrongError(f"{path.name} takes no tensor(int64) {LAST_ROW} [batch].")
    rows = {"spectrum": (facts.bins, 2)} | {f"state_in_{state.name}": state.shape for state in facts.states}
    _check_side("input", list(inputs.values()), rows, path)
    rows = {"spectrum_out": (facts.bins, 2)} | {f"state_out_{state.name}": state.shape for state in facts.states}
    _check_side("output", session.get_outputs(), rows, path)


def _check_side(side: str, tensors: list[Any], rows: dict[str, tuple[int, ...]], path: Path) -> None:
    if {tensor.name for tensor in tensors} != set(rows):
        raise ModelMetadataWrongError(f"The {side}s of {path.name} are not {', '.join(sorted(rows))}.")
    for tensor in tensors:
        batch, *row = tensor.shape
        # Some exporters leave an output's inner sizes symbolic; a size that is given must be right.
        sizes_agree = len(row) == len(rows[tensor.name]) and all(
            not isinstance(given, int) or given == wanted for given, wanted in zip(row, rows[tensor.name], strict=True)
        )
        if tensor.type != "tensor(float)" or isinstance(batch, int) or not sizes_agree:
            raise ModelMetadataWrongError(
                f"The {side} {tensor.name} of {path.name} is {tensor.type} {tensor.shape}, "
                f"not tensor(float) [batch, {', '.join(map(str, rows[tensor.name]))}]."
            )
