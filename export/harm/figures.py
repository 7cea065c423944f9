"""The figures that a model is judged by, each with what is wanted of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from export.harm.clip_probe import QUIET_DB, ClipHarm
from export.harm.extremes import Extreme

CLEAN_PESQ_AT_LEAST = 4.2
QUIET_PESQ_WITHIN, QUIET_SI_SDR_WITHIN_DB = 0.05, 0.3
NOISE_DOWN_AT_LEAST_DB = 30.0
PUMPING_WITHIN_DB = 6.0
KEPT_AT_LEAST_DB = -3.0
RATE_SI_SDR_AT_LEAST_DB = 15.0


@dataclass(frozen=True)
class Figure:
    """One figure; `wanted` and `holds` are empty where it is only reported."""

    title: str
    value: float
    unit: str = ""
    wanted: str = ""
    holds: bool | None = None

    @property
    def shown(self) -> str:
        """The value as tables print it."""
        if self.unit == "yes or no":
            return "yes" if self.value else "no"
        return f"{self.value:.2f} {self.unit}".strip()

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as JSON-ready values."""
        value = None if math.isnan(self.value) else round(self.value, 4)
        return {**asdict(self), "value": value, "shown": self.shown}


def at_least(title: str, value: float, least: float, unit: str = "") -> Figure:
    """Return a figure that must not be lower than `least`."""
    return Figure(title, value, unit, f"≥ {least:g} {unit}".strip(), bool(value >= least))


def within(title: str, value: float, most: float, unit: str = "") -> Figure:
    """Return a figure that must not be further from zero than `most`."""
    return Figure(title, value, unit, f"within ±{most:g} {unit}".strip(), bool(abs(value) <= most))


def yes(title: str, value: bool) -> Figure:
    """Return a figure that must be true."""
    return Figure(title, float(value), "yes or no", "yes", value)


def judge(
    clips: Sequence[ClipHarm], extremes: Sequence[Extreme], silent: bool, rates: dict[int, float]
) -> list[Figure]:
    """Return all figures; `rates` has the agreement with 16 kHz in dB by rate."""
    return [
        *_clean_and_quiet(clips),
        *_lost(clips),
        *_noise(clips),
        *_pumping(clips),
        yes("digital silence stays exactly that, at every rate", silent),
        *(figure for extreme in extremes for figure in _extreme(extreme)),
        *(
            at_least(f"the same at {rate_hz} Hz as at 16000 Hz, SI-SDR", found_db, RATE_SI_SDR_AT_LEAST_DB, "dB")
            for rate_hz, found_db in rates.items()
        ),
    ]


def _clean_and_quiet(clips: Sequence[ClipHarm]) -> list[Figure]:
    clean = [clip.clean_pesq for clip in clips]
    figures = [
        at_least("clean speech in, PESQ-WB out: mean", float(np.nanmean(clean)), CLEAN_PESQ_AT_LEAST),
        Figure("clean speech in, PESQ-WB out: 10th percentile", float(np.nanpercentile(clean, 10))),
        Figure("clean speech in, PESQ-WB out: worst clip", float(np.nanmin(clean))),
    ]
    for level_db in QUIET_DB:
        pesq = float(np.nanmean([clip.quiet_pesq[level_db] - clip.pesq for clip in clips]))
        gain_db = float(np.mean([clip.quiet_si_sdr_gain_db[level_db] - clip.si_sdr_gain_db for clip in clips]))
        figures.append(within(f"noisy speech {level_db:g} dB quieter: change of PESQ-WB", pesq, QUIET_PESQ_WITHIN))
        figures.append(
            within(f"noisy speech {level_db:g} dB quieter: change of SI-SDR", gain_db, QUIET_SI_SDR_WITHIN_DB, "dB")
        )
    return figures


def _lost(clips: Sequence[ClipHarm]) -> list[Figure]:
    sounds = {"all": "speech", "onsets": "the first 80 ms of words", "hissing": "s, f, p and their like"}
    figures = []
    for source, group in (("clean", "lost_from_clean"), ("noisy", "lost_from_noisy")):
        for sound, title in sounds.items():
            lost = np.concatenate([getattr(clip, group)[sound] for clip in clips])
            for level in (50, 90, 99):
                if len(lost):
                    name = f"lost of {title}, {source} input: {level}th percentile of its cells"
                    figures.append(Figure(name, float(np.percentile(lost, level)), "dB"))
    return figures


def _noise(clips: Sequence[ClipHarm]) -> list[Figure]:
    attenuation = np.concatenate([clip.noise_attenuation_db for clip in clips])
    figures = []
    if len(attenuation):
        for level in (50, 10):
            value = float(np.percentile(attenuation, level))
            title = f"noise alone comes out lower by: {level}th percentile of seconds"
            figures.append(at_least(title, value, NOISE_DOWN_AT_LEAST_DB, "dB"))
    return figures


def _pumping(clips: Sequence[ClipHarm]) -> list[Figure]:
    changes = np.concatenate([clip.pumping.after_word_against_later_db for clip in clips])
    levels = np.concatenate([clip.pumping.after_word_against_speech_db for clip in clips])
    spreads = [clip.pumping.spread_db for clip in clips if clip.pumping.spread_db is not None]
    if not len(changes):
        return []
    median_db, most_db = (float(np.percentile(changes, level)) for level in (50, 90))
    return [
        within("steady noise after a word against later in the pause: median", median_db, PUMPING_WITHIN_DB, "dB"),
        Figure("steady noise after a word against later in the pause: 90th percentile", most_db, "dB"),
        Figure("steady noise after a word against the speech: median", float(np.median(levels)), "dB"),
        Figure("steady noise in pauses: median deviation of its level", float(np.median(spreads)), "dB"),
    ]


def _extreme(extreme: Extreme) -> list[Figure]:
    return [
        yes(f"{extreme.name}: output finite, whole and bounded", extreme.finite and extreme.bounded),
        at_least(f"{extreme.name}: speech kept", extreme.kept_db, KEPT_AT_LEAST_DB, "dB"),
    ]
