"""The noise floor of a recording of speech, lowered: a target that hisses would teach a model to hiss."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

Samples = NDArray[np.float32]

WINDOW_SAMPLES, HOP_SAMPLES = 512, 128
QUIET_SHARE = 0.08
"""Share of the cells of a frequency that hold no speech, in sentences with short pauses."""

QUANTILE_TO_MEAN = 1.5
"""Mean of noise power over this quantile of it, smoothed over 3 bins and 5 frames that overlap."""

OVERSUBTRACTION = 4.0
"""Noise power goes up and down: with less, what is left of it tinkles."""

HIGHEST_FLOOR_DB = -20.0
"""A floor nearer to the mean power of a bin in the whole clip is taken for speech; hiss above the voice is always below."""

DEEPEST_CUT_DB = -20.0


def lower_floor(samples: Samples) -> Samples:
    """Return speech `[n]`, float32, with its steady background up to 20 dB lower; what stands out of it stays.

    Power subtraction. Source: Berouti, Schwartz and Makhoul 1979, eq. 3.
    """
    if len(samples) < 4 * WINDOW_SAMPLES:
        return samples
    overlap = WINDOW_SAMPLES - HOP_SAMPLES
    _, _, spectrum = scipy.signal.stft(samples, nperseg=WINDOW_SAMPLES, noverlap=overlap)
    power = scipy.ndimage.uniform_filter(np.abs(spectrum) ** 2, (3, 5), mode="nearest")
    floor = QUANTILE_TO_MEAN * np.quantile(power, QUIET_SHARE, axis=1, keepdims=True)
    floor = np.minimum(floor, power.mean() * 10 ** (HIGHEST_FLOOR_DB / 10))
    gains = np.maximum(1 - OVERSUBTRACTION * floor / (power + 1e-12), 10 ** (DEEPEST_CUT_DB / 20))
    _, lowered = scipy.signal.istft(spectrum * gains, nperseg=WINDOW_SAMPLES, noverlap=overlap)
    quieter: Samples = lowered[: len(samples)].astype(np.float32)
    return quieter
