"""Scores of a denoised clip against its clean original, with the field's own implementations."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import numpy as np
from numpy.typing import NDArray
from pesq import NoUtterancesError, pesq
from pystoi import stoi

Samples = NDArray[np.float32]

LOWEST_MOS = 1.0


@dataclass(frozen=True)
class Scores:
    """PESQ-WB (MOS), STOI and ESTOI (percent), SI-SDR (dB), and SIG, BAK, OVRL of DNSMOS P.835 (MOS).

    NaN where a metric is not defined for a clip, or was not asked for.
    """

    pesq_wb: float
    stoi: float
    estoi: float
    si_sdr_db: float
    sig: float = math.nan
    bak: float = math.nan
    ovrl: float = math.nan

    def to_dict(self) -> dict[str, float]:
        """Return the scores by name."""
        return asdict(self)


SCORE_NAMES = tuple(field.name for field in fields(Scores))


def score(estimate: Samples, clean: Samples, sample_rate_hz: int) -> Scores:
    """Return the scores of `estimate` against `clean`, float32 of equal length, aligned, at 16000 Hz."""
    return Scores(
        pesq_wb=pesq_wb(estimate, clean, sample_rate_hz),
        stoi=100 * float(stoi(clean, estimate, sample_rate_hz)),
        estoi=100 * float(stoi(clean, estimate, sample_rate_hz, extended=True)),
        si_sdr_db=si_sdr_db(estimate, clean),
    )


def pesq_wb(estimate: Samples, clean: Samples, sample_rate_hz: int) -> float:
    """Return wide-band PESQ (MOS): NaN where `clean` has no speech, the lowest score for a silent `estimate`.

    Source: ITU-T P.862.2.
    """
    if not estimate.any():
        return LOWEST_MOS
    try:
        return float(pesq(sample_rate_hz, clean, estimate, "wb"))
    except NoUtterancesError:
        return math.nan


def si_sdr_db(estimate: Samples, clean: Samples) -> float:
    """Return the scale-invariant signal-to-distortion ratio in dB.

    Source: Le Roux et al. 2019 (arXiv:1811.02508), eq. 3, with means removed.
    """
    estimate = estimate - estimate.mean()
    clean = clean - clean.mean()
    target = clean * (np.dot(estimate, clean) / (np.dot(clean, clean) + 1e-12))
    noise = estimate - target
    return float(10 * np.log10((np.dot(target, target) + 1e-12) / (np.dot(noise, noise) + 1e-12)))


def mean_scores(scores: list[Scores]) -> Scores:
    """Return the mean of every score over clips, undefined values left out."""
    return Scores(*(_mean_defined([getattr(s, name) for s in scores]) for name in SCORE_NAMES))


def _mean_defined(values: list[float]) -> float:
    defined = [value for value in values if not math.isnan(value)]
    return float(np.mean(defined)) if defined else math.nan
