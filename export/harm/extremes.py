"""Input that is not as it should be: silence, broken numbers, clipping, offset, narrow bands, rooms, and every rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.signal
import soxr
from numpy.typing import NDArray

from edge_server.audio.geometry import SUPPORTED_RATES_HZ
from export.harm.speech_map import RATE_HZ, band_energies, map_speech
from export.metrics import si_sdr_db
from export.peers import System, fit
from export.rooms import simulate_room

Samples = NDArray[np.float32]

TELEPHONE_HZ = (300.0, 3400.0)
TELEPHONE_RATE_HZ = 8000
MOST_OVERSHOOT = 1.5
"""A square wave without its harmonics reaches 4 / pi of its height, and clipped speech is much like one."""
HALF_A_STEP = 0.5 / 32768
SILENCE_S, FADE_S = 3.0, 1.0
ROOM_SEED = 7


@dataclass(frozen=True)
class Extreme:
    """What came out: `kept_db` is the energy of the output where speech is, against the speech that went in."""

    name: str
    finite: bool
    peak: float
    peak_in: float
    kept_db: float

    @property
    def bounded(self) -> bool:
        """Whether nothing came out that is much louder than what went in."""
        return self.peak <= MOST_OVERSHOOT * self.peak_in + HALF_A_STEP


def is_silent(system: System) -> bool:
    """Return whether digital silence stays exactly that, at every rate, from the start and after noise."""
    noise = np.random.default_rng(0).standard_normal(RATE_HZ).astype(np.float32) * 0.05
    for rate_hz in SUPPORTED_RATES_HZ:
        silence = np.zeros(round(SILENCE_S * rate_hz), np.float32)
        after = system(np.concatenate([resample(noise, RATE_HZ, rate_hz), silence]), rate_hz)
        fading = round((SILENCE_S - FADE_S) * rate_hz)
        if system(silence, rate_hz).any() or np.abs(after[-fading:]).max() > HALF_A_STEP:
            return False
    return True


def probe_extremes(system: System, clean: Samples) -> list[Extreme]:
    """Return what becomes of clean speech, float32 `[n]` at 16 kHz, that was spoilt in each way."""
    results = [_probe(name, system, *spoil(clean), RATE_HZ) for name, spoil in SPOILERS.items()]
    narrow = resample(telephone(clean), RATE_HZ, TELEPHONE_RATE_HZ)
    results.append(_probe("telephone band at 8 kHz", system, narrow, narrow, TELEPHONE_RATE_HZ))
    return results


def rate_error_db(system: System, noisy: Samples, rate_hz: int) -> float:
    """Return how far the output at `rate_hz` is from the output at 16 kHz of the same speech, as SI-SDR in dB."""
    here = system(noisy, RATE_HZ)
    there = fit(resample(system(resample(noisy, RATE_HZ, rate_hz), rate_hz), rate_hz, RATE_HZ), len(noisy))
    return si_sdr_db(there, here)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Return samples at another rate."""
    resampled: Samples = samples if from_hz == to_hz else soxr.resample(samples, from_hz, to_hz).astype(np.float32)
    return resampled


def telephone(clean: Samples) -> Samples:
    """Return speech as a telephone passes it."""
    sections = scipy.signal.butter(6, TELEPHONE_HZ, "bandpass", fs=RATE_HZ, output="sos")
    narrow: Samples = scipy.signal.sosfilt(sections, clean).astype(np.float32)
    return narrow


def broken(clean: Samples) -> tuple[Samples, Samples]:
    """Return speech with NaN and infinities strewn in and a gap of 20 ms, and the same with zeros there."""
    spoilt, kept = clean.copy(), clean.copy()
    places = np.random.default_rng(0).integers(0, len(clean), 200)
    gap = slice(len(clean) // 2, len(clean) // 2 + RATE_HZ // 50)
    spoilt[places[:100]], spoilt[places[100:]], spoilt[gap] = np.nan, np.inf, np.nan
    kept[places], kept[gap] = 0.0, 0.0
    return spoilt, kept


def clipped(clean: Samples) -> tuple[Samples, Samples]:
    """Return speech whose peaks are cut at a tenth of their height, at full scale."""
    spoilt: Samples = np.clip(clean * (10 / np.abs(clean).max()), -1, 1).astype(np.float32)
    return spoilt, spoilt


def offset(clean: Samples) -> tuple[Samples, Samples]:
    """Return speech on an offset of a fifth of full scale, and the speech."""
    return clean + np.float32(0.2), clean


def narrow_band(clean: Samples) -> tuple[Samples, Samples]:
    """Return telephone speech at 16 kHz."""
    return telephone(clean), telephone(clean)


def reverberant(clean: Samples) -> tuple[Samples, Samples]:
    """Return speech in a simulated room."""
    response = simulate_room(np.random.default_rng(ROOM_SEED), RATE_HZ)
    heard = scipy.signal.fftconvolve(clean, response)[: len(clean)]
    spoilt: Samples = (heard * (np.abs(clean).max() / np.abs(heard).max())).astype(np.float32)
    return spoilt, spoilt


def loudest(clean: Samples) -> tuple[Samples, Samples]:
    """Return speech that reaches full scale."""
    spoilt: Samples = (clean / np.abs(clean).max()).astype(np.float32)
    return spoilt, spoilt


SPOILERS: dict[str, Callable[[Samples], tuple[Samples, Samples]]] = {
    "NaN and infinities": broken,
    "clipped": clipped,
    "DC offset": offset,
    "telephone band at 16 kHz": narrow_band,
    "reverberant": reverberant,
    "full scale": loudest,
}


def _probe(name: str, system: System, spoilt: Samples, speech: Samples, rate_hz: int) -> Extreme:
    output = system(spoilt, rate_hz)
    finite = bool(np.isfinite(output).all()) and len(output) == len(spoilt)
    output = np.nan_to_num(output)
    wanted, found = (resample(samples, rate_hz, RATE_HZ) for samples in (speech, output))
    places = map_speech(wanted)
    kept_db = 10 * np.log10(band_energies(found)[places.cells].sum() / places.energy[places.cells].sum() + 1e-12)
    numbers = spoilt[np.isfinite(spoilt)]
    return Extreme(name, finite, float(np.abs(output).max()), float(np.abs(numbers).max()), float(kept_db))
