"""Alarms and music made on the spot: tones that stay or glide, which few recordings of noise hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9), (0, 1, 4, 5, 7, 8, 11))
"""Semitones above the key note: major, minor, pentatonic, and one from elsewhere."""


def tones(rng: np.random.Generator, length_samples: int, sample_rate_hz: int) -> Samples:
    """Return a beeper, a siren or a tune as float32 `[length_samples]`, peak 1; never silent."""
    kinds: tuple[Callable[..., Curve], ...] = (_beeper, _siren, _tune)
    kind = kinds[rng.choice(len(kinds), p=(0.3, 0.2, 0.5))]
    sound = kind(rng, np.arange(length_samples) / sample_rate_hz, sample_rate_hz)
    loudest: Samples = (sound / np.abs(sound).max()).astype(np.float32)
    return loudest


def _beeper(rng: np.random.Generator, time_s: Curve, sample_rate_hz: int) -> Curve:
    """One to three pitches in turn, cut into beeps: clocks, ovens, lorries that go backwards, telephones."""
    period_s, beeps = rng.uniform(0.15, 1.5), rng.integers(1, 5)
    place = time_s / period_s + rng.uniform()
    pitches_hz = rng.uniform(400, 4000) * rng.uniform(0.6, 1.6, rng.integers(1, 4))
    frequency_hz = pitches_hz[(place * beeps).astype(int) % len(pitches_hz)]
    sounds = (place * beeps % 1 < rng.uniform(0.3, 0.98)) & (place % 1 < rng.uniform(0.4, 1.3))
    ramp = np.ones(max(1, int(rng.uniform(0.001, 0.02) * sample_rate_hz)))
    envelope: Curve = np.convolve(sounds, ramp / len(ramp), mode="same") + 1e-4
    return _voice(rng, frequency_hz, sample_rate_hz) * envelope


def _siren(rng: np.random.Generator, time_s: Curve, sample_rate_hz: int) -> Curve:
    """A pitch that glides up and down: sirens, car alarms, whistles."""
    phase = (time_s * 10 ** rng.uniform(-0.9, 0.9) + rng.uniform()) % 1
    shapes = (0.5 - 0.5 * np.cos(2 * np.pi * phase), 1 - np.abs(2 * phase - 1), phase, np.round(phase))
    octaves = rng.uniform(0.1, 1.5) * shapes[rng.integers(len(shapes))]
    return _voice(rng, rng.uniform(300, 1800) * 2**octaves, sample_rate_hz)


def _tune(rng: np.random.Generator, time_s: Curve, sample_rate_hz: int) -> Curve:
    """A few parts, each playing notes of one scale: plucked, blown or bowed."""
    scale, key_hz = np.array(SCALES[rng.integers(len(SCALES))]), rng.uniform(55, 110)
    beat_s = rng.uniform(0.18, 0.7)
    parts = [_part(rng, time_s, sample_rate_hz, scale, key_hz, beat_s) for _ in range(rng.integers(1, 5))]
    tune: Curve = np.sum(parts, axis=0)
    return tune


def _part(
    rng: np.random.Generator, time_s: Curve, sample_rate_hz: int, scale: Curve, key_hz: float, beat_s: float
) -> Curve:
    place = time_s / (beat_s * rng.choice([0.5, 1, 2, 4])) + rng.uniform()
    note = place.astype(int)
    steps = np.cumsum(rng.integers(-3, 4, note[-1] + 1)) % (2 * len(scale))
    octaves = steps // len(scale) + scale[steps % len(scale)] / 12 + rng.integers(0, 4)
    vibrato = rng.uniform(0, 0.02) * np.sin(2 * np.pi * rng.uniform(4, 7) * time_s)
    held = np.exp(-(place % 1) * rng.choice([0.0, 1.0, 3.0, 8.0]))
    attack = np.minimum(1.0, (place % 1) / rng.uniform(0.005, 0.1))
    pitch_hz: Curve = key_hz * 2 ** (octaves[note] + vibrato)
    envelope: Curve = held * attack
    return _voice(rng, pitch_hz, sample_rate_hz) * envelope * rng.uniform(0.2, 1)


def _voice(rng: np.random.Generator, frequency_hz: Curve, sample_rate_hz: int) -> Curve:
    """Return harmonics of a moving pitch, below half the rate; their levels fall by a slope of this instrument's own."""
    phase = 2 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz
    slope, odd_only = rng.uniform(0.3, 3.0), rng.random() < 0.3
    sound = np.zeros_like(phase)
    for harmonic in range(1, int(rng.integers(2, 13)), 2 if odd_only else 1):
        heard = frequency_hz * harmonic < 0.48 * sample_rate_hz
        sound += heard * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi)) * rng.uniform(0.3, 1) / harmonic**slope
    return sound
