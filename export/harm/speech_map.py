"""Where speech is in a clean recording: frames, bands, pauses, onsets and hissing sounds."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Mask = NDArray[np.bool_]
Levels = NDArray[np.float64]

RATE_HZ = 16000
WINDOW_SAMPLES, HOP_SAMPLES = 512, 128
HOP_MS = 1000 * HOP_SAMPLES / RATE_HZ
BANDS = 24
LOWEST_HZ, HIGHEST_HZ = 100.0, 8000.0

ACTIVE_WITHIN_DB = 25.0
"""Of the 95th percentile of frame levels: above the floor of the recordings, which lies about 30 dB below speech."""
CELL_WITHIN_DB = 30.0
"""Of the 99th percentile of its band: quieter cells of an active frame are floor, not speech."""
CELL_ABOVE_FRAME_DB = -50.0
"""Of the 95th percentile of frame levels: what is quieter is not heard beside the rest."""

SHORTEST_PAUSE_MS = 120.0
ONSET_MS = 80.0
HISS_ABOVE_HZ, HISS_SHARE = 3000.0, 0.65
"""s, f, sh and the bursts of p and t have most of their energy above 3 kHz; vowels never do."""

TINY = 1e-15


@dataclass(frozen=True)
class SpeechMap:
    """Masks over frames `[frames]` and cells `[frames, bands]` of a clean recording, and its energies in the cells."""

    energy: Levels
    active: Mask
    onset: Mask
    hiss: Mask
    pause_ms: Levels
    """How long a frame's pause has lasted, 0 in speech; only pauses of at least SHORTEST_PAUSE_MS count."""

    @property
    def cells(self) -> Mask:
        """The cells where speech is."""
        level, reference = decibels(self.energy), _reference_db(self.energy)
        loud = level > np.percentile(level, 99, axis=0) - CELL_WITHIN_DB
        heard = level > reference + CELL_ABOVE_FRAME_DB
        return np.asarray(self.active[:, None] & loud & heard)

    @property
    def hiss_cells(self) -> Mask:
        """The cells of hissing sounds, above HISS_ABOVE_HZ."""
        return np.asarray(self.cells & self.hiss[:, None] & (band_edges_hz()[None, :-1] >= HISS_ABOVE_HZ))


def map_speech(clean: Samples) -> SpeechMap:
    """Return where speech is in `clean`, float32 `[n]` at 16 kHz."""
    energy = band_energies(clean)
    frame_db = decibels(energy.sum(axis=1))
    active = frame_db > _reference_db(energy) - ACTIVE_WITHIN_DB
    share = energy[:, band_edges_hz()[:-1] >= HISS_ABOVE_HZ].sum(axis=1) / (energy.sum(axis=1) + TINY)
    pause_ms, onset = _pauses_and_onsets(active)
    return SpeechMap(energy, active, onset, active & (share > HISS_SHARE), pause_ms)


def band_energies(samples: Samples) -> Levels:
    """Return the energy `[frames, bands]` of samples at 16 kHz in bands that are equally wide on the mel scale."""
    power = power_spectra(samples)
    edges = np.round(band_edges_hz() * WINDOW_SAMPLES / RATE_HZ).astype(int)
    energies: Levels = np.stack([power[:, low:high].sum(axis=1) for low, high in pairwise(edges)], axis=1)
    return energies


def power_spectra(samples: Samples) -> Levels:
    """Return the power `[frames, bins]` of samples at 16 kHz."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::HOP_SAMPLES]
    power: Levels = np.square(np.abs(np.fft.rfft(frames * np.hanning(WINDOW_SAMPLES), axis=1))) / WINDOW_SAMPLES**2
    return power


def band_edges_hz() -> Levels:
    """Return the edges of the bands, `[BANDS + 1]`."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST_HZ))
    edges: Levels = 700 * (10 ** (np.linspace(low, high, BANDS + 1) / 2595) - 1)
    return edges


def decibels(energy: Levels) -> Levels:
    """Return energy in dB; silence is -150 dB."""
    level: Levels = 10 * np.log10(energy + TINY)
    return level


def _reference_db(energy: Levels) -> float:
    return float(np.percentile(decibels(energy.sum(axis=1)), 95))


def _pauses_and_onsets(active: Mask) -> tuple[Levels, Mask]:
    pause_ms, onset = np.zeros(len(active)), np.zeros(len(active), dtype=bool)
    changes = np.flatnonzero(np.diff(active.astype(int))) + 1
    starts, ends = [0, *changes], [*changes, len(active)]
    for start, end in zip(starts, ends, strict=True):
        long_enough = (end - start) * HOP_MS >= SHORTEST_PAUSE_MS
        if not active[start] and long_enough:
            pause_ms[start:end] = np.arange(1, end - start + 1) * HOP_MS
            onset[end : end + round(ONSET_MS / HOP_MS)] = True
    return pause_ms, onset & active
