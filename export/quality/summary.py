"""Means over clips by system and group, differences between int8 and fp32, and the clips where a system fails."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from export.metrics import SCORE_NAMES, mean_scores
from export.quality.evaluation import Row

COLUMNS = {
    "pesq_wb": ("PESQ-WB", ".3f"),
    "stoi": ("STOI %", ".2f"),
    "estoi": ("ESTOI %", ".2f"),
    "si_sdr_db": ("SI-SDR dB", ".2f"),
    "sig": ("SIG", ".3f"),
    "bak": ("BAK", ".3f"),
    "ovrl": ("OVRL", ".3f"),
}

Means = dict[str, float]


def by_system(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows of every system, systems and clips in their order."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.system, []).append(row)
    return grouped


def summarise(rows: Sequence[Row]) -> dict[str, dict[str, object]]:
    """Return mean scores by system: over `all`, by `snr_db` and by `noise_class`, as far as the metadata says them."""
    return {
        system: {
            "all": means(found),
            "snr_db": grouped_means(found, lambda row: row.snr_db),
            "noise_class": grouped_means(found, lambda row: row.noise_class),
            "clips": len(found),
            "largest_lag_samples": max((abs(row.lag_samples) for row in found), default=0),
        }
        for system, found in by_system(rows).items()
    }


def means(rows: Sequence[Row]) -> Means:
    """Return the mean of every score that is defined."""
    values = mean_scores([row.scores for row in rows]).to_dict()
    return {name: value for name, value in values.items() if not math.isnan(value)}


def grouped_means(rows: Sequence[Row], group: Callable[[Row], float | str | None]) -> dict[str, Means]:
    """Return the mean scores of every group, sorted; rows without a group are left out."""
    members: dict[float | str, list[Row]] = {}
    for row in rows:
        name = group(row)
        if name is not None:
            members.setdefault(name, []).append(row)
    return {
        f"{name:g}" if isinstance(name, float) else name: means(members[name]) for name in sorted(members, key=_order)
    }


def _order(name: float | str) -> tuple[int, float | str]:
    return (0, name) if isinstance(name, float) else (1, name)


def integer_cost(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return, for every NAME.int8 that was scored beside NAME.fp32, the mean and the worst loss of every score."""
    systems = by_system(rows)
    pairs = [(name, name.removesuffix(".int8") + ".fp32") for name in systems if name.endswith(".int8")]
    return [
        {"int8": int8, "fp32": fp32, **_losses(systems[fp32], systems[int8])} for int8, fp32 in pairs if fp32 in systems
    ]


def _losses(fp32: Sequence[Row], int8: Sequence[Row]) -> dict[str, object]:
    losses: dict[str, dict[str, float]] = {"mean_loss": {}, "worst_loss": {}}
    for name in SCORE_NAMES:
        change = np.array([getattr(a.scores, name) - getattr(b.scores, name) for a, b in zip(fp32, int8, strict=True)])
        defined = change[~np.isnan(change)]
        if len(defined):
            losses["mean_loss"][name], losses["worst_loss"][name] = float(defined.mean()), float(defined.max())
    return dict(losses)


def worst_clips(rows: Sequence[Row], system: str, count: int) -> list[tuple[Row, Row]]:
    """Return the clips that `system` improves least in PESQ (or makes worse), each with its row of the unprocessed signal."""
    systems = by_system(rows)
    noisy = {row.clip: row for row in systems.get("unprocessed", [])}
    known = [(row, noisy[row.clip]) for row in systems.get(system, []) if row.clip in noisy]
    defined = [(row, before) for row, before in known if not math.isnan(pesq_gain(row, before))]
    return sorted(defined, key=lambda pair: pesq_gain(*pair))[:count]


def pesq_gain(after: Row, before: Row) -> float:
    """Return by how much PESQ-WB is higher in `after`."""
    return after.scores.pesq_wb - before.scores.pesq_wb


def table(rows: Sequence[Row]) -> str:
    """Return the means over all clips as a Markdown table, without the columns that nobody has."""
    overall = {system: means(found) for system, found in by_system(rows).items()}
    shown = [column for column in COLUMNS if any(column in values for values in overall.values())]
    lines = ["| system | " + " | ".join(COLUMNS[column][0] for column in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for system, values in overall.items():
        lines.append(f"| {system} | " + " | ".join(show(values, column) for column in shown) + " |")
    return "\n".join(lines)


def show(values: Means, column: str) -> str:
    """Return a score as the tables print it, a dash where it is not defined."""
    return format(values[column], COLUMNS[column][1]) if column in values else "–"


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write one line for each clip and system."""
    with path.open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["system", "clip", "snr_db", "noise_class", "seconds", "lag_samples", *SCORE_NAMES])
        for row in rows:
            scores = ["" if math.isnan(value) else f"{value:.4f}" for value in row.scores.to_dict().values()]
            facts = [row.system, row.clip, row.snr_db, row.noise_class, f"{row.seconds:.2f}", row.lag_samples]
            writer.writerow([*facts, *scores])
