"""Pairs of any rate and channel count come out as the pipeline needs them, or are refused."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from export.errors import AudioError
from export.pairs import read_pairs


def write_pair(folder: Path, noisy: np.ndarray, clean: np.ndarray, rate_hz: int) -> Path:
    for name, samples in (("noisy", noisy), ("clean", clean)):
        (folder / name).mkdir()
        soundfile.write(folder / name / "a.wav", samples, rate_hz)
    return folder


def test_stereo_at_48_khz_becomes_mono_at_16_khz(tmp_path: Path) -> None:
    time_s = np.arange(48000) / 48000
    left, right = 0.4 * np.sin(2 * np.pi * 500 * time_s), 0.2 * np.sin(2 * np.pi * 500 * time_s)
    (pair,) = read_pairs(write_pair(tmp_path, np.stack([left, right], axis=1), left, 48000))
    assert pair.noisy.shape == pair.clean.shape == (16000,)
    np.testing.assert_allclose(pair.noisy[1000:-1000], 0.75 * pair.clean[1000:-1000], atol=1e-3)


def test_unequal_lengths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.wav has 900 noisy and 1000 clean"):
        list(read_pairs(write_pair(tmp_path, np.zeros(900), np.zeros(1000), 16000)))


def test_a_missing_clean_file_is_refused(tmp_path: Path) -> None:
    folder = write_pair(tmp_path, np.zeros(900), np.zeros(900), 16000)
    (folder / "clean/a.wav").unlink()
    with pytest.raises(AudioError, match="cannot be read"):
        list(read_pairs(folder))


def test_a_folder_without_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="needs the folders"):
        list(read_pairs(tmp_path))
