"""One clip through one system in every way that harm shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.pcm import FULL_SCALE, to_s16
from export.harm.pumping import Pumping, probe_pumping
from export.harm.speech_map import RATE_HZ, TINY, Levels, SpeechMap, band_energies, decibels, map_speech
from export.metrics import pesq_wb, si_sdr_db
from export.pairs import Pair
from export.peers import System

Samples = NDArray[np.float32]

QUIET_DB = (-20.0, -30.0)
MOST_DB = 60.0
"""Losses and attenuations are cut off here: nobody hears the difference between 60 and 100 dB down."""
SETTLING_S = 1.0
QUIETEST_NOISE_DB = -70.0
"""Seconds of noise that are quieter than this (RMS, re full scale) are silence already."""


@dataclass(frozen=True)
class ClipHarm:
    """What one clip shows. Losses are in dB of clean energy that is missing, a value for each cell of the group."""

    clip: str
    snr_db: float | None
    noise_class: str | None
    clean_pesq: float
    pesq: float
    si_sdr_gain_db: float
    quiet_pesq: dict[float, float]
    quiet_si_sdr_gain_db: dict[float, float]
    lost_from_clean: dict[str, Levels]
    lost_from_noisy: dict[str, Levels]
    noise_attenuation_db: Levels
    first_second_attenuation_db: float | None
    pumping: Pumping


def probe_clip(system: System, pair: Pair) -> ClipHarm:
    """Return what `system` does to a pair at 16 kHz and to what can be made of it."""
    speech = map_speech(pair.clean)
    cleaned, from_clean = run(system, pair.noisy), run(system, pair.clean)
    gain_db = si_sdr_db(cleaned, pair.clean) - si_sdr_db(pair.noisy, pair.clean)
    quiet = {level_db: run(system, pair.noisy * 10 ** (level_db / 20)) for level_db in QUIET_DB}
    first, attenuation = _attenuation_db(system, pair.noisy - pair.clean)
    before_db = si_sdr_db(pair.noisy, pair.clean)
    return ClipHarm(
        clip=pair.name,
        snr_db=pair.snr_db,
        noise_class=pair.noise_class,
        clean_pesq=pesq_wb(from_clean, pair.clean, RATE_HZ),
        pesq=pesq_wb(cleaned, pair.clean, RATE_HZ),
        si_sdr_gain_db=gain_db,
        quiet_pesq={level_db: pesq_wb(samples, pair.clean, RATE_HZ) for level_db, samples in quiet.items()},
        quiet_si_sdr_gain_db={
            level_db: si_sdr_db(samples, pair.clean) - before_db for level_db, samples in quiet.items()
        },
        lost_from_clean=lost_db(speech, from_clean),
        lost_from_noisy=lost_db(speech, cleaned),
        noise_attenuation_db=attenuation,
        first_second_attenuation_db=first,
        pumping=probe_pumping(partial(run, system), pair.clean, speech),
    )


def run(system: System, samples: Samples) -> Samples:
    """Return `samples` cleaned, as 16-bit audio goes in."""
    rounded = to_s16(samples).astype(np.float32) / np.float32(FULL_SCALE)
    return system(rounded, RATE_HZ)


def lost_db(speech: SpeechMap, output: Samples) -> dict[str, Levels]:
    """Return clean over output energy in dB, for all cells where speech is, for those of onsets, and for hissing sounds."""
    lost = np.clip(decibels(speech.energy) - decibels(band_energies(output)), -MOST_DB, MOST_DB)
    cells = speech.cells
    return {
        "all": lost[cells].astype(np.float32),
        "onsets": lost[cells & speech.onset[:, None]].astype(np.float32),
        "hissing": lost[speech.hiss_cells].astype(np.float32),
    }


def _attenuation_db(system: System, noise: Samples) -> tuple[float | None, Levels]:
    cleaned = run(system, noise)
    seconds = len(noise) // RATE_HZ
    before, after = (_levels_db(samples[: seconds * RATE_HZ].reshape(seconds, RATE_HZ)) for samples in (noise, cleaned))
    attenuation = np.minimum(before - after, MOST_DB)
    heard = before > QUIETEST_NOISE_DB
    first = float(attenuation[0]) if seconds and heard[0] else None
    settled = heard & (np.arange(seconds) >= SETTLING_S)
    return first, attenuation[settled]


def _levels_db(samples: Samples) -> Levels:
    level: Levels = 10 * np.log10(np.mean(np.square(samples, dtype=np.float64), axis=1) + TINY)
    return level
