"""Scores of every system on every noisy/clean pair, aligned in time, in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import scipy.signal
import torch
from numpy.typing import NDArray

from export.dnsmos import make_dnsmos
from export.metrics import Scores, score
from export.pairs import Pair
from export.quality.processes import spread
from export.quality.score_cache import ScoreCache
from export.quality.systems import SystemSpec

Samples = NDArray[np.float32]
Rater = Callable[[Samples], tuple[float, float, float]]

CLIPS_A_TASK = 8
"""So few that every core has work until the end, so many that opening a system does not count."""


@dataclass(frozen=True)
class Row:
    """One clip through one system; `lag_samples` is by how much the output is late against the clean original."""

    system: str
    clip: str
    snr_db: float | None
    noise_class: str | None
    seconds: float
    lag_samples: int
    scores: Scores


@dataclass(frozen=True)
class Settings:
    """How to score: with DNSMOS P.835 if its file is given, with peers' scores kept in `cache` if it is given."""

    dnsmos: Path | None = None
    cache: Path | None = None
    processes: int = 1


@dataclass(frozen=True)
class _Task:
    spec: SystemSpec
    pairs: tuple[Pair, ...]
    settings: Settings


def evaluate(specs: Sequence[SystemSpec], pairs: Sequence[Pair], settings: Settings) -> list[Row]:
    """Return a row for every system and clip, by system in the order given, then by clip.

    Raises what a system that cannot be opened raises, before any work is done.
    """
    for spec in specs:
        spec.open()
    tasks = [
        _Task(spec, tuple(pairs[start : start + CLIPS_A_TASK]), settings)
        for spec in specs
        for start in range(0, len(pairs), CLIPS_A_TASK)
    ]
    found = spread(_score_clips, tasks, settings.processes, "scoring", [len(task.pairs) for task in tasks])
    return [row for rows in found for row in rows]


def _score_clips(task: _Task) -> list[Row]:
    torch.set_num_threads(1)
    system = task.spec.open()
    rater = make_dnsmos(task.settings.dnsmos) if task.settings.dnsmos else None
    cache = ScoreCache(task.settings.cache, task.spec.fingerprint(), task.settings.dnsmos)
    rows = []
    for pair in task.pairs:
        known = cache.read(pair)
        if known is None:
            cleaned = system(pair.noisy, pair.sample_rate_hz)
            known = lag_samples(cleaned, pair.clean), score_all(cleaned, pair, rater)
            cache.write(pair, *known)
        lag, scores = known
        seconds = len(pair.clean) / pair.sample_rate_hz
        rows.append(Row(task.spec.name, pair.name, pair.snr_db, pair.noise_class, seconds, lag, scores))
    return rows


def score_all(cleaned: Samples, pair: Pair, rater: Rater | None) -> Scores:
    """Return the scores of a clip that was cleaned, with DNSMOS P.835 if its rater is given."""
    scores = score(cleaned, pair.clean, pair.sample_rate_hz)
    if rater is None:
        return scores
    sig, bak, ovrl = rater(cleaned)
    return replace(scores, sig=sig, bak=bak, ovrl=ovrl)


def lag_samples(later: Samples, earlier: Samples) -> int:
    """Return by how many samples `later` is late against `earlier`: where their cross-correlation is highest."""
    correlation = scipy.signal.correlate(later, earlier, mode="full", method="fft")
    return int(np.argmax(correlation)) - (len(earlier) - 1)
