"""Systems to measure against come out aligned with their input; ratings follow the authors' protocol."""

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from export.dnsmos import make_dnsmos
from export.metrics import Scores, mean_scores, score
from export.peers import find_peers, make_rnnoise

SHARED = Path(__file__).parents[3] / "shared"
CLIPS = Path(__file__).parents[1] / "data"

needs_shared = pytest.mark.skipif(
    not (SHARED / "peers").is_dir(), reason="the public models lie beside the project only"
)


def clip(kind: str) -> np.ndarray:
    return soundfile.read(CLIPS / f"sensor_10db.{kind}.flac", dtype="float32")[0]


def lag_samples(later: np.ndarray, earlier: np.ndarray) -> int:
    size = 2 * len(earlier)
    correlation = np.fft.irfft(np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size)))
    peak = int(np.argmax(correlation))
    return peak - size if peak > size // 2 else peak


@pytest.mark.parametrize("name", ["RNNoise", pytest.param("DTLN", marks=needs_shared),
                                  pytest.param("GTCRN", marks=needs_shared),
                                  pytest.param("UL-UNAS", marks=needs_shared)])  # fmt: skip
def test_peers_are_aligned_and_remove_noise(name: str) -> None:
    system = make_rnnoise() if name == "RNNoise" else find_peers(SHARED / "peers")[name]
    noisy, clean = clip("noisy"), clip("clean")
    cleaned = system(noisy, 16000)
    assert cleaned.shape == noisy.shape
    assert lag_samples(cleaned, clean) == 0
    assert score(cleaned, clean, 16000).pesq_wb > score(noisy, clean, 16000).pesq_wb + 0.3


def test_a_folder_without_peers_gives_none(tmp_path: Path) -> None:
    assert find_peers(tmp_path) == {}


@needs_shared
def test_dnsmos_hears_the_noise_and_does_not_mind_repetition() -> None:
    rate = make_dnsmos(SHARED / "metrics/dnsmos_p835.onnx")
    noisy, clean = rate(clip("noisy")), rate(clip("clean"))
    assert clean[1] > noisy[1] + 0.5
    assert clean[2] > noisy[2]
    short = clip("clean")[:48000]
    assert rate(short) == pytest.approx(rate(np.tile(short, 4)[:145000]), abs=0.05)


def test_means_leave_out_what_is_not_defined() -> None:
    mean = mean_scores([Scores(math.nan, 80, 70, 5), Scores(2.0, 90, 80, 15)])
    assert mean.pesq_wb == 2.0
    assert mean.si_sdr_db == 10.0
    assert math.isnan(mean.sig)
