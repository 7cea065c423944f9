"""Hiss under speech goes down, speech stays, and a corpus is prepared once."""

from pathlib import Path

import numpy as np
import scipy.signal

from export.corpus import load_corpus
from export.noise_floor import lower_floor
from tests.export.conftest import RATE_HZ, voice


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def test_hiss_goes_down_in_the_pauses_and_speech_stays() -> None:
    speech = voice(3, 8)
    below_2_khz = scipy.signal.butter(8, 2000, fs=RATE_HZ, output="sos")
    noise = np.random.default_rng(0).standard_normal(len(speech))
    hiss = 0.001 * scipy.signal.sosfilt(below_2_khz, noise).astype(np.float32)
    lowered = lower_floor(speech + hiss)
    pauses = np.convolve(np.abs(speech), np.ones(2048), "same") == 0
    assert pauses.sum() > RATE_HZ // 2
    assert level_db(lowered[pauses]) < level_db(hiss[pauses]) - 12
    assert level_db(lowered - speech) < level_db(speech) - 30


def test_silence_and_short_clips_come_back_as_they_are() -> None:
    silence, blip = np.zeros(RATE_HZ, np.float32), voice(1, 0.1)
    assert not lower_floor(silence).any()
    assert lower_floor(blip) is blip


def test_a_steady_voice_is_not_taken_for_its_floor() -> None:
    time_s = np.arange(4 * RATE_HZ) / RATE_HZ
    hum = (0.1 * np.sin(2 * np.pi * 200 * time_s)).astype(np.float32)
    assert abs(level_db(lower_floor(hum)) - level_db(hum)) < 0.2


def test_a_prepared_corpus_lies_beside_the_plain_one(data: Path, tmp_path: Path) -> None:
    plain = load_corpus(data / "speech", tmp_path, RATE_HZ)
    halved = load_corpus(data / "speech", tmp_path, RATE_HZ, half)
    again = load_corpus(data / "speech", tmp_path, RATE_HZ, half)
    assert np.abs(halved.samples * 2 - plain.samples.astype(int)).max() <= 1
    assert np.array_equal(again.samples, halved.samples)
    assert halved.segments == plain.segments


def half(samples: np.ndarray) -> np.ndarray:
    return samples * np.float32(0.5)
