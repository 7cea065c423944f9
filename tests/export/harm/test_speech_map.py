"""Pauses, onsets and hissing sounds are found where they are, and lost energy is measured as lost energy."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from export.harm.clip_probe import lost_db
from export.harm.pumping import AFTER_WORD_MS, pink_noise, probe_pumping
from export.harm.speech_map import HOP_MS, ONSET_MS, RATE_HZ, map_speech

CLIPS = Path(__file__).parents[2] / "data"


def clean(name: str = "hum_5db") -> np.ndarray:
    return soundfile.read(CLIPS / f"{name}.clean.flac", dtype="float32")[0]


def words() -> np.ndarray:
    """Half a second each: silence, vowel, silence, hiss, with a floor 60 dB below."""
    time_s = np.arange(RATE_HZ // 2) / RATE_HZ
    vowel = sum(0.1 * np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 12))
    noise = np.random.default_rng(0).standard_normal(RATE_HZ // 2)
    hiss = 0.1 * np.diff(noise, 2, prepend=[0, 0])
    silence = 1e-4 * np.random.default_rng(1).standard_normal(RATE_HZ // 2)
    return np.concatenate([silence, vowel, silence, hiss]).astype(np.float32)


def at(mask: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    return mask[round(1000 * start_s / HOP_MS) : round(1000 * end_s / HOP_MS)]


def test_words_pauses_onsets_and_hisses_are_where_they_are() -> None:
    found = map_speech(words())
    assert at(found.active, 0.55, 0.93).all()
    assert not at(found.active, 0.05, 0.44).any()
    assert at(found.hiss, 1.55, 1.9).all()
    assert not at(found.hiss, 0.5, 1.45).any()
    assert at(found.onset, 0.5, 0.53).all()
    assert not at(found.onset, 0.62, 0.95).any()
    assert found.onset.sum() == 2 * round(ONSET_MS / HOP_MS)
    assert at(found.pause_ms, 1.2, 1.4).min() > 150
    assert not at(found.pause_ms, 0.55, 0.93).any()
    assert not found.hiss_cells[:, :12].any()


def test_half_the_amplitude_is_6_db_lost_in_every_cell() -> None:
    speech = map_speech(clean())
    for sound, lost in lost_db(speech, clean() / 2).items():
        assert len(lost) > 50, sound
        np.testing.assert_allclose(lost, 6.02, atol=0.01)


def test_speech_that_is_passed_on_is_not_lost() -> None:
    speech = map_speech(clean())
    assert all(not lost.any() for lost in lost_db(speech, clean()).values())


def test_the_first_moment_of_words_cut_off_shows_in_the_onsets_only() -> None:
    speech = map_speech(words())
    cut = words()
    cut[RATE_HZ // 2 : RATE_HZ // 2 + RATE_HZ // 20] = 0
    lost = lost_db(speech, cut)
    assert np.percentile(lost["onsets"], 90) > 20
    assert np.percentile(lost["hissing"], 90) == pytest.approx(0, abs=0.01)


def test_a_steady_gain_does_not_pump() -> None:
    found = probe_pumping(lambda samples: samples * np.float32(0.1), clean(), map_speech(clean()))
    assert len(found.after_word_against_later_db)
    assert abs(found.after_word_against_later_db).max() < 2
    assert found.after_word_against_speech_db.mean() == pytest.approx(-30, abs=4)


def test_a_gate_that_closes_late_pumps() -> None:
    speech = map_speech(words())
    since_ms = np.repeat(speech.pause_ms, round(HOP_MS * RATE_HZ / 1000))

    def late(samples: np.ndarray) -> np.ndarray:
        wide_open = np.resize(since_ms, len(samples)) < AFTER_WORD_MS[1]
        return (samples * np.where(wide_open, 1.0, 0.05)).astype(np.float32)

    found = probe_pumping(late, words(), speech)
    assert found.after_word_against_later_db.min() > 15


def test_pink_noise_has_as_much_in_every_octave() -> None:
    power = np.abs(np.fft.rfft(pink_noise(16 * RATE_HZ))) ** 2
    octaves = [power[16 * hz : 32 * hz].sum() for hz in (100, 200, 400, 800, 1600, 3200)]
    assert max(octaves) < 1.2 * min(octaves)
