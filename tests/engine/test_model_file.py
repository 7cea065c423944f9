import hashlib
import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from edge_server.engine.model_file import StateFacts, find_default_model, load_model, open_model
from edge_server.errors import ModelHashWrongError, ModelMetadataWrongError, ModelMissingError
from tests.tiny_model import build_tiny_model


def change_manifest(model: Path, **facts: Any) -> None:
    manifest = model.parent / f"{model.name.removesuffix('.int8.onnx')}.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | facts))


def test_facts_come_from_the_file(tmp_path: Path) -> None:
    model = load_model(build_tiny_model(tmp_path))
    assert model.facts.name == "tiny"
    assert (model.facts.sample_rate_hz, model.facts.window_samples, model.facts.hop_samples) == (16000, 512, 256)
    assert model.facts.states == (StateFacts("noise", (257,)), StateFacts("previous", (257,)))
    assert model.facts.geometry(48000).window_samples == 1536


def test_a_missing_model_or_manifest_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="no model file"):
        load_model(tmp_path / "none.int8.onnx")
    path = build_tiny_model(tmp_path)
    (tmp_path / "tiny.json").unlink()
    with pytest.raises(ModelMissingError, match="no manifest"):
        load_model(path)


def test_a_changed_model_is_refused(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    path.write_bytes(path.read_bytes() + b"\x00")
    with pytest.raises(ModelHashWrongError):
        load_model(path)


@pytest.mark.parametrize(
    "fact",
    [{"sample_rate_hz": 48000}, {"states": []}, {"name": "other"}, {"hop_samples": 128}, {"bins": 129}],
    ids=lambda fact: next(iter(fact)),
)
def test_a_manifest_that_disagrees_is_refused(tmp_path: Path, fact: dict[str, Any]) -> None:
    path = build_tiny_model(tmp_path)
    change_manifest(path, **fact)
    with pytest.raises(ModelMetadataWrongError, match=next(iter(fact))):
        load_model(path)


def test_the_file_for_several_frames_is_opened_too(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    assert load_model(path).frames_at_once == 4
    assert open_model(path).frames_at_once == 1


def test_a_model_without_a_file_for_several_frames_takes_one_at_a_time(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    manifest = tmp_path / "tiny.json"
    facts = json.loads(manifest.read_text())
    del facts["several"]
    manifest.write_text(json.dumps(facts))
    assert load_model(path).frames_at_once == 1


def test_a_file_for_several_frames_that_is_missing_or_changed_is_refused(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    several = tmp_path / "tiny.int8.x4.onnx"
    several.write_bytes(several.read_bytes() + b"\x00")
    with pytest.raises(ModelHashWrongError, match="x4"):
        load_model(path)
    several.unlink()
    with pytest.raises(ModelMissingError, match="x4"):
        load_model(path)


def _described(path: Path) -> dict[str, Any]:
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "frames_at_once": 4}


@pytest.mark.parametrize("other", ["other.int8.x4.onnx", "tiny.int8.onnx"])
def test_a_file_for_several_frames_of_another_kind_is_refused(tmp_path: Path, other: str) -> None:
    build_tiny_model(tmp_path, facts={"name": "other"})
    path = build_tiny_model(tmp_path)
    change_manifest(path, several=_described(tmp_path / other))
    with pytest.raises(ModelMetadataWrongError, match="several frames"):
        load_model(path)


@pytest.mark.parametrize("entry", [None, "tiny.int8.x4.onnx", []])
def test_a_manifest_that_garbles_the_file_for_several_frames_is_refused(tmp_path: Path, entry: object) -> None:
    path = build_tiny_model(tmp_path)
    change_manifest(path, several=entry)
    with pytest.raises(ModelMetadataWrongError, match="several"):
        load_model(path)


def test_a_file_for_several_frames_that_lacks_an_input_is_refused(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    several = tmp_path / "tiny.int8.x4.onnx"
    single = onnx.load(path)
    del single.metadata_props[:]
    single.metadata_props.extend(onnx.load(several).metadata_props)
    onnx.save(single, several)
    change_manifest(path, several=_described(several))
    with pytest.raises(ModelMetadataWrongError, match="last_row"):
        load_model(path)


@pytest.mark.parametrize(
    "facts",
    [
        {"format": 2},
        {"window": "hann"},
        {"sample_rate_hz": "fast"},
        {"sample_rate_hz": 0},
        {"states": None},
        {"states": [{"name": "noise", "shape": [257]}]},
        {"states": [{"name": "noise", "shape": [257]}, {"name": "previous", "shape": [13]}]},
        {"states": [{"name": "noise", "shape": [257]}, {"name": "wrong", "shape": [257]}]},
        {"bins": 129},
        {"hop_samples": 128},
        {"window_samples": 256, "hop_samples": 128, "bins": 129},
    ],
    ids=str,
)
def test_metadata_that_breaks_the_contract_is_refused(tmp_path: Path, facts: dict[str, Any]) -> None:
    with pytest.raises(ModelMetadataWrongError):
        open_model(build_tiny_model(tmp_path, facts=facts))


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.int8.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelMetadataWrongError):
        open_model(tmp_path / "x.int8.onnx")


def test_the_only_model_is_the_default(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path, default=False)
    (tmp_path / "notes.json").write_text('{"about": "something else"}')
    assert find_default_model(tmp_path) == path


def test_of_several_models_the_marked_one_is_the_default(tmp_path: Path) -> None:
    build_tiny_model(tmp_path, facts={"name": "a"}, default=False)
    chosen = build_tiny_model(tmp_path, facts={"name": "b"}, default=True)
    assert find_default_model(tmp_path) == chosen


@pytest.mark.parametrize("default", [True, False])
def test_several_models_without_one_default_are_refused(tmp_path: Path, default: bool) -> None:
    build_tiny_model(tmp_path, facts={"name": "a"}, default=default)
    build_tiny_model(tmp_path, facts={"name": "b"}, default=default)
    with pytest.raises(ModelMissingError, match="2 models"):
        find_default_model(tmp_path)


def test_an_empty_folder_has_no_default(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError):
        find_default_model(tmp_path)
