"""Every shipped model cleans the recordings in the repository at least as well as when it was made, and leaves speech alone."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_server.engine.model_file import find_default_model, load_model
from edge_server.offline.denoise import denoise_samples
from export.metrics import Scores, score, si_sdr_db
from export.quality.systems import open_hushbox

FOLDER = Path(__file__).parents[2] / "quantized_models"
CLIPS = Path(__file__).parents[1] / "data"
MANIFESTS = sorted(FOLDER.glob("*.json"))
FLOORS = {"hum_5db": (9.0, 0.85), "sensor_10db": (9.0, 1.3), "electronics_0db": (13.5, 0.75)}
"""SI-SDR gain in dB and PESQ-WB gain that the default model must reach on each clip: a little less than the first one has."""
SHARE_OF_OTHERS = 0.75
"""How much of it any other model (made for smaller boards) must reach."""

every_model = pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.stem)
every_clip = pytest.mark.parametrize("clip", FLOORS)


def shipped(manifest: Path) -> Path:
    return FOLDER / json.loads(manifest.read_text())["file"]


def recording(clip: str, kind: str) -> np.ndarray:
    return soundfile.read(CLIPS / f"{clip}.{kind}.flac", dtype="float32")[0]


def scores(model: Path, clip: str) -> Scores:
    return score(open_hushbox(model)(recording(clip, "noisy"), 16000), recording(clip, "clean"), 16000)


def test_exactly_one_model_is_the_default() -> None:
    assert sum(json.loads(path.read_text())["default"] for path in MANIFESTS) == 1


@every_clip
@every_model
def test_a_real_recording_comes_out_clean(manifest: Path, clip: str) -> None:
    noisy, clean = recording(clip, "noisy"), recording(clip, "clean")
    found, before = scores(shipped(manifest), clip), score(noisy, clean, 16000)
    share = 1.0 if shipped(manifest) == find_default_model(FOLDER) else SHARE_OF_OTHERS
    sdr_gain_db, pesq_gain = FLOORS[clip]
    assert found.si_sdr_db - before.si_sdr_db >= share * sdr_gain_db
    assert found.pesq_wb - before.pesq_wb >= share * pesq_gain
    assert found.estoi > before.estoi


@every_model
def test_integers_cost_nothing_that_is_heard(manifest: Path) -> None:
    fp32 = manifest.with_suffix(".fp32.onnx")
    losses = []
    for clip in FLOORS:
        float_scores, integer_scores = scores(fp32, clip), scores(shipped(manifest), clip)
        losses.append(
            [getattr(float_scores, name) - getattr(integer_scores, name) for name in ("pesq_wb", "estoi", "si_sdr_db")]
        )
    pesq, estoi_percent, sdr_db = np.mean(losses, axis=0)
    assert pesq <= 0.02
    assert estoi_percent <= 0.2
    assert sdr_db <= 0.1


@every_clip
@every_model
def test_clean_speech_comes_out_as_it_was(manifest: Path, clip: str) -> None:
    clean = recording(clip, "clean")
    passed_on = denoise_samples(load_model(shipped(manifest)), clean, 16000)
    assert si_sdr_db(passed_on, clean) >= 25
    assert score(passed_on, clean, 16000).estoi >= 99


@every_clip
@every_model
def test_noise_alone_comes_out_30_db_down(manifest: Path, clip: str) -> None:
    noise = recording(clip, "noisy") - recording(clip, "clean")
    left = denoise_samples(load_model(shipped(manifest)), noise, 16000)
    assert np.square(left[16000:]).sum() <= 1e-3 * np.square(noise[16000:]).sum()


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
@every_model
def test_silence_stays_silent(manifest: Path, rate_hz: int) -> None:
    silence = np.zeros(rate_hz, dtype=np.float32)
    assert not denoise_samples(load_model(shipped(manifest)), silence, rate_hz).any()
