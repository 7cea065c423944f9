"""All probes on all clips, and the figures that come of them, judged by fixed limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge_server.audio.geometry import SUPPORTED_RATES_HZ
from export.checkpoint import sha256_of
from export.errors import AudioError
from export.harm.clip_probe import QUIET_DB, ClipHarm, probe_clip
from export.harm.extremes import Extreme, is_silent, probe_extremes, rate_error_db
from export.harm.figures import Figure, judge
from export.harm.speech_map import TINY
from export.pairs import Pair
from export.quality.processes import spread
from export.quality.systems import SystemSpec, describe_models

CLIPS_A_TASK = 8
EXTREME_CLIPS = 4
"""Spread over the folder; each is spoilt in every way."""


@dataclass(frozen=True)
class Harm:
    """What was measured: figures with their limits, and the distributions behind them."""

    model: str
    sha256: str
    clips: int
    figures: list[Figure]
    distributions: dict[str, dict[str, dict[str, float]]]
    extremes: list[Extreme]

    @property
    def holds(self) -> bool:
        """Whether every figure that has a limit keeps it."""
        return all(figure.holds is not False for figure in self.figures)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {**asdict(self), "figures": [figure.to_dict() for figure in self.figures]}


@dataclass(frozen=True)
class _Task:
    spec: SystemSpec
    pairs: tuple[Pair, ...]
    extreme: tuple[Pair, ...] = ()


def measure_harm(model: Path, pairs: Sequence[Pair], processes: int) -> Harm:
    """Return the harm that the model at `model` does on pairs at 16 kHz; those without speech are left out.

    Raises AudioError if no pair has speech, and the server's model errors.
    """
    (spec,) = describe_models((model,))
    spec.open()
    pairs = [pair for pair in pairs if pair.clean.any()]
    if not pairs:
        raise AudioError("There is no speech in the clean recordings, so nothing can be said of harm to it.")
    chosen = tuple(pairs[:: max(1, len(pairs) // EXTREME_CLIPS)][:EXTREME_CLIPS])
    starts = range(0, len(pairs), CLIPS_A_TASK)
    tasks = [_Task(spec, (), chosen), *(_Task(spec, tuple(pairs[start : start + CLIPS_A_TASK])) for start in starts)]
    sizes = [len(task.pairs) + len(task.extreme) for task in tasks]
    outcomes = spread(_probe, tasks, processes, f"harm of {spec.name}", sizes)
    clips = [clip for found, _, _, _ in outcomes for clip in found]
    _, extremes, silent, rates = outcomes[0]
    figures = judge(clips, extremes, bool(silent), rates)
    return Harm(spec.name, sha256_of(model), len(pairs), figures, distributions(clips), extremes)


def _probe(task: _Task) -> tuple[list[ClipHarm], list[Extreme], bool | None, dict[int, float]]:
    torch.set_num_threads(1)
    system = task.spec.open()
    if not task.extreme:
        return [probe_clip(system, pair) for pair in task.pairs], [], None, {}
    by_clip = [probe_extremes(system, pair.clean) for pair in task.extreme]
    extremes = [_worst(same) for same in zip(*by_clip, strict=True)]
    rates = {
        rate_hz: float(np.mean([rate_error_db(system, pair.noisy, rate_hz) for pair in task.extreme]))
        for rate_hz in SUPPORTED_RATES_HZ
        if rate_hz > task.extreme[0].sample_rate_hz
    }
    return [], extremes, is_silent(system), rates


def _worst(same: Sequence[Extreme]) -> Extreme:
    loudest = max(same, key=lambda extreme: extreme.peak / max(extreme.peak_in, TINY))
    return Extreme(
        name=same[0].name,
        finite=all(extreme.finite for extreme in same),
        peak=loudest.peak,
        peak_in=loudest.peak_in,
        kept_db=min(extreme.kept_db for extreme in same),
    )


def distributions(clips: Sequence[ClipHarm]) -> dict[str, dict[str, dict[str, float]]]:
    """Return percentiles: of lost speech by sound and input, of attenuated noise by class, of pumping."""
    found: dict[str, dict[str, dict[str, float]]] = {"lost_from_clean_db": {}, "lost_from_noisy_db": {}}
    for sound in ("all", "onsets", "hissing"):
        found["lost_from_clean_db"][sound] = percentiles([clip.lost_from_clean[sound] for clip in clips])
        found["lost_from_noisy_db"][sound] = percentiles([clip.lost_from_noisy[sound] for clip in clips])
    snrs = sorted({clip.snr_db for clip in clips if clip.snr_db is not None})
    found["lost_from_noisy_by_snr_db"] = {
        f"{snr:g}": percentiles([clip.lost_from_noisy["all"] for clip in clips if clip.snr_db == snr]) for snr in snrs
    }
    classes = sorted({clip.noise_class for clip in clips if clip.noise_class is not None})
    attenuation = {
        name: percentiles([clip.noise_attenuation_db for clip in clips if clip.noise_class == name]) for name in classes
    }
    found["noise_attenuation_db"] = {"all": percentiles([clip.noise_attenuation_db for clip in clips]), **attenuation}
    first = [
        np.array([clip.first_second_attenuation_db]) for clip in clips if clip.first_second_attenuation_db is not None
    ]
    found["noise_attenuation_db"]["first second"] = percentiles(first)
    pumping = [clip.pumping for clip in clips]
    found["pumping_db"] = {
        "after words against later": percentiles([each.after_word_against_later_db for each in pumping]),
        "after words against speech": percentiles([each.after_word_against_speech_db for each in pumping]),
    }
    found["quiet_pesq_change"] = {
        f"{level_db:g} dB": percentiles([np.array([clip.quiet_pesq[level_db] - clip.pesq]) for clip in clips])
        for level_db in QUIET_DB
    }
    return found


def percentiles(parts: Sequence[NDArray[Any]]) -> dict[str, float]:
    """Return mean and percentiles of all values together, rounded; empty if there are none."""
    values = np.concatenate([np.asarray(part, np.float64) for part in parts]) if parts else np.empty(0)
    values = values[~np.isnan(values)]
    if not len(values):
        return {}
    levels = {f"p{level}": round(float(np.percentile(values, level)), 2) for level in (1, 10, 50, 90, 99)}
    return {"mean": round(float(values.mean()), 2), **levels, "values": len(values)}
