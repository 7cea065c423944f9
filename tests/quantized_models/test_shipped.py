"""The shipped files are what their manifests say, and clean the recordings in the repository as they did when they were made."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_server.engine.model_file import find_default_model, load_model
from edge_server.offline.denoise import denoise_samples
from export.checkpoint import load_denoiser, sha256_of
from export.metadata import Names, read_facts
from export.metrics import score, si_sdr_db
from export.verify import (
    DRIFT_TOLERANCE_DB,
    FLOAT_TOLERANCE,
    INT8_TOLERANCE_DB,
    SERVED_TOLERANCE_DB,
    check_operators,
)

FOLDER = Path(__file__).parents[2] / "quantized_models"
CLIPS = Path(__file__).parents[1] / "data"
FLOORS = {"hum_5db": (9.0, 0.85), "sensor_10db": (9.0, 1.3), "electronics_0db": (13.5, 0.75)}
"""SI-SDR gain in dB and PESQ-WB gain that each clip must reach: a little less than the first shipped model has."""


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
def test_checkpoint_is_the_one_the_file_was_made_from(path: Path) -> None:
    checkpoint = path.with_suffix(".pt")
    assert sha256_of(checkpoint) == json.loads(path.read_text())["checkpoint_sha256"]
    assert (
        sum(weights.numel() for weights in load_denoiser(checkpoint).parameters())
        == json.loads(path.read_text())["parameters"]
    )


@pytest.mark.parametrize("path", manifests(), ids=lambda path: path.stem)
def test_every_rung_was_proven_and_every_product_runs_in_integers(path: Path) -> None:
    verification = json.loads(path.read_text())["verification"]
    assert len(verification["rungs"]) == 7
    allowed = {FLOAT_TOLERANCE, INT8_TOLERANCE_DB, DRIFT_TOLERANCE_DB, SERVED_TOLERANCE_DB, 0.0}
    assert {rung["tolerance"] for rung in verification["rungs"]} == allowed
    assert all(rung["difference"] <= rung["tolerance"] for rung in verification["rungs"])
    operators = check_operators(Names(FOLDER, path.stem))
    assert operators.integer == verification["operators"]["integer"]
    assert operators.float == 0


@pytest.mark.parametrize("clip", FLOORS)
def test_the_default_model_cleans_a_real_recording(clip: str) -> None:
    noisy, rate_hz = soundfile.read(CLIPS / f"{clip}.noisy.flac", dtype="float32")
    clean, _ = soundfile.read(CLIPS / f"{clip}.clean.flac", dtype="float32")
    denoised = denoise_samples(load_model(find_default_model(FOLDER)), noisy, rate_hz)
    assert len(denoised) == len(noisy)
    sdr_gain_db, pesq_gain = FLOORS[clip]
    assert si_sdr_db(denoised, clean) - si_sdr_db(noisy, clean) >= sdr_gain_db
    assert score(denoised, clean, rate_hz).pesq_wb - score(noisy, clean, rate_hz).pesq_wb >= pesq_gain


def test_silence_stays_silent() -> None:
    silence = np.zeros(16000, dtype=np.float32)
    assert not denoise_samples(load_model(find_default_model(FOLDER)), silence, 16000).any()
