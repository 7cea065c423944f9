"""What a model is bad at, said by its own figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.quality.evaluation import Row
from export.quality.summary import COLUMNS, by_system, means, pesq_gain, worst_clips

CLASSES_SHOWN, CLIPS_SHOWN = 3, 5


def weaknesses(rows: Sequence[Row], system: str, harm: dict[str, Any] | None) -> list[str]:
    """Return a sentence for each weakness of `system` that was measured."""
    found = [*_who_is_ahead(rows, system), *_hard_noises(rows, system), *_worst(rows, system)]
    return found + (_harm(harm) if harm else [])


def _who_is_ahead(rows: Sequence[Row], system: str) -> list[str]:
    overall = {name: means(found) for name, found in by_system(rows).items()}
    ours, sentences = overall.pop(system), []
    rivals = {name: values for name, values in overall.items() if not _same_family(name)}
    for name, values in rivals.items():
        ahead = [
            f"{COLUMNS[column][0]} ({value:{COLUMNS[column][1]}} against {ours[column]:{COLUMNS[column][1]}})"
            for column, value in values.items()
            if column in ours and value > ours[column]
        ]
        if ahead:
            sentences.append(f"{name} is ahead in {', '.join(ahead)}.")
    return sentences


def _same_family(name: str) -> bool:
    return name.endswith((".int8", ".fp32"))


def _hard_noises(rows: Sequence[Row], system: str) -> list[str]:
    gains: dict[str, list[float]] = {}
    for row, before in worst_clips(rows, system, len(rows)):
        if row.noise_class:
            gains.setdefault(row.noise_class, []).append(pesq_gain(row, before))
    ranked = sorted((float(np.mean(found)), name, len(found)) for name, found in gains.items())[:CLASSES_SHOWN]
    if not ranked:
        return []
    shown = "; ".join(f"{name} ({gain:+.2f} over {count})" for gain, name, count in ranked)
    return [f"It gains least PESQ where the noise is (mean gain over clips): {shown}."]


def _worst(rows: Sequence[Row], system: str) -> list[str]:
    shown = [_describe(row, before) for row, before in worst_clips(rows, system, CLIPS_SHOWN)]
    return [f"The clips that it improves least: {'; '.join(shown)}."] if shown else []


def _describe(row: Row, before: Row) -> str:
    where = ", ".join(part for part in (row.noise_class, None if row.snr_db is None else f"{row.snr_db:g} dB") if part)
    after = f"PESQ {before.scores.pesq_wb:.2f} to {row.scores.pesq_wb:.2f}"
    return f"{row.clip} ({where}): {after}, ESTOI {before.scores.estoi:.0f} to {row.scores.estoi:.0f}"


def _harm(harm: dict[str, Any]) -> list[str]:
    missed = [figure for figure in harm["figures"] if figure["holds"] is False]
    sentences = [
        f"Not as wanted: {figure['title']}: {figure['shown']} (wanted {figure['wanted']})." for figure in missed
    ]
    attenuation = harm["distributions"]["noise_attenuation_db"]
    low = {name: found["p10"] for name, found in attenuation.items() if name != "all" and found.get("p10", 99) < 20}
    if low:
        shown = ", ".join(f"{name} ({value:.0f} dB)" for name, value in sorted(low.items(), key=lambda item: item[1]))
        sentences.append(f"Noise alone that is let through in some seconds (10th percentile of attenuation): {shown}.")
    return sentences
