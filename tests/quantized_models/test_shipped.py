"""The shipped files are what their manifests say, and were proven."""

import hashlib
import json
from pathlib import Path

import onnx
import pytest

from export.checkpoint import load_denoiser, sha256_of
from export.graph.unrolled import unroll
from export.metadata import FRAMES_AT_ONCE, Names, read_facts
from export.verify import (
    DRIFT_TOLERANCE_DB,
    FLOAT_TOLERANCE,
    INT8_TOLERANCE_DB,
    SERVED_TOLERANCE_DB,
    WANDER_TOLERANCE_DB,
    check_operators,
)

FOLDER = Path(__file__).parents[2] / "quantized_models"


def manifests() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_manifest_file_and_metadata_agree(path: Path) -> None:
    manifest = json.loads(path.read_text())
    int8 = FOLDER / manifest["file"]
    assert hashlib.sha256(int8.read_bytes()).hexdigest() == manifest["sha256"]
    facts = read_facts(int8)
    assert {name: manifest[name] for name in facts} == facts


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_the_file_for_several_frames_is_the_shipped_graph_unrolled(path: Path) -> None:
    shipped = Names(FOLDER, path.stem).shipped()
    several = json.loads(path.read_text())["several"]
    unrolled = onnx.load(FOLDER / several["file"])
    assert sha256_of(FOLDER / several["file"]) == several["sha256"]
    assert read_facts(FOLDER / several["file"]) == read_facts(shipped) | {"frames_at_once": FRAMES_AT_ONCE}
    assert unrolled.graph == unroll(onnx.load(shipped), FRAMES_AT_ONCE).graph


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_checkpoint_is_the_one_the_file_was_made_from(path: Path) -> None:
    checkpoint = path.with_suffix(".pt")
    assert sha256_of(checkpoint) == json.loads(path.read_text())["checkpoint_sha256"]
    assert (
        sum(weights.numel() for weights in load_denoiser(checkpoint).parameters())
        == json.loads(path.read_text())["parameters"]
    )


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_every_rung_was_proven_and_what_stays_float_is_named(path: Path) -> None:
    manifest = json.loads(path.read_text())
    verification = manifest["verification"]
    assert len(verification["rungs"]) >= 7
    allowed = {FLOAT_TOLERANCE, INT8_TOLERANCE_DB, DRIFT_TOLERANCE_DB, WANDER_TOLERANCE_DB, SERVED_TOLERANCE_DB, 0.0}
    assert {rung["tolerance"] for rung in verification["rungs"]} == allowed
    assert all(rung["difference"] <= rung["tolerance"] for rung in verification["rungs"])
    assert f"{FRAMES_AT_ONCE} frames at once = one by one, bit for bit" in {
        rung["name"] for rung in verification["rungs"]
    }
    operators = check_operators(Names(FOLDER, path.stem))
    assert operators.integer == verification["operators"]["integer"]
    assert operators.integer_macs_percent >= 98
    assert all(layer["reason"] for layer in manifest["float_layers"])
