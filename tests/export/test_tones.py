"""Made alarms and music: always there, always tonal, as many as there are seeds."""

import numpy as np
import pytest

from export.tones import tones

RATE_HZ = 16000


@pytest.mark.parametrize("seed", range(24))
def test_tones_are_heard_and_gather_their_power_in_few_bins(seed: int) -> None:
    sound = tones(np.random.default_rng(seed), 4 * RATE_HZ, RATE_HZ)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(1.0)
    frames = sound[: len(sound) // 1024 * 1024].reshape(-1, 1024)
    loudest = frames[np.argmax(np.square(frames).sum(1))] * np.hanning(1024)
    power = np.sort(np.square(np.abs(np.fft.rfft(loudest))))[::-1]
    # White noise has 19 % of its power in the loudest 26 of 513 bins.
    assert power[:26].sum() > 0.6 * power.sum()


def test_another_seed_is_another_sound() -> None:
    first, second, again = (tones(np.random.default_rng(seed), RATE_HZ, RATE_HZ) for seed in (1, 2, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
