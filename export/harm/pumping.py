"""Noise that swells and sinks with the words: what is left of steady noise in the pauses between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.harm.speech_map import RATE_HZ, TINY, Levels, SpeechMap, decibels, power_spectra

Samples = NDArray[np.float32]

STEADY_SNR_DB = 10.0
AFTER_WORD_MS, SETTLED_MS = (120.0, 240.0), 320.0
"""After a word, when it has died away and the ear recovers from it (forward masking); and later in the pause."""


@dataclass(frozen=True)
class Pumping:
    """A value for each pause; `spread_db` is the deviation of the level in all of the clip's settled pauses."""

    after_word_against_later_db: Levels
    after_word_against_speech_db: Levels
    spread_db: float | None


def probe_pumping(run: Callable[[Samples], Samples], clean: Samples, speech: SpeechMap) -> Pumping:
    """Return how the level of steady noise, 10 dB below the speech in `clean`, changes in its pauses."""
    noise = pink_noise(len(clean))
    # Steady, so that whatever changes in the pauses of the output is the model's doing.
    level = np.sqrt(np.mean(np.square(clean)) / np.mean(np.square(noise))) * 10 ** (-STEADY_SNR_DB / 20)
    residual_db = residual_noise_db(run, clean, np.float32(level) * noise)
    speech_db = float(decibels(speech.energy[speech.active].sum(axis=1).mean(keepdims=True))[0])
    changes, levels, settled_parts = [], [], []
    for start, end in _pauses(speech.pause_ms):
        since_ms, found_db = speech.pause_ms[start:end], residual_db[start:end]
        after_word = (since_ms >= AFTER_WORD_MS[0]) & (since_ms < AFTER_WORD_MS[1])
        settled = since_ms >= SETTLED_MS
        settled_parts.append(found_db[settled])
        if start and after_word.any() and settled.any():
            changes.append(found_db[after_word].mean() - found_db[settled].mean())
            levels.append(found_db[after_word].mean() - speech_db)
    joined = np.concatenate(settled_parts) if settled_parts else np.empty(0)
    return Pumping(np.array(changes), np.array(levels), float(joined.std()) if len(joined) else None)


def residual_noise_db(run: Callable[[Samples], Samples], clean: Samples, noise: Samples) -> Levels:
    """Return the level `[frames]` at which `noise` comes through beside speech: the gain of every cell, applied to it alone.

    The end of a word is in a pause too, and must not be taken for noise.
    """
    noisy = clean + noise
    gain = np.minimum(power_spectra(run(noisy)) / (power_spectra(noisy) + TINY), 1.0)
    return decibels((gain * power_spectra(noise)).sum(axis=1))


def pink_noise(length: int, seed: int = 0) -> Samples:
    """Return steady noise with equal energy in every octave above 50 Hz."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    noise: Samples = np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 50.0)), length).astype(np.float32)
    return noise


def _pauses(pause_ms: Levels) -> list[tuple[int, int]]:
    inside = np.concatenate([[False], pause_ms > 0, [False]])
    edges = np.flatnonzero(np.diff(inside.astype(int)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
