"""The training curve as a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

PANELS = (("train_loss", "training loss"), ("pesq_wb", "PESQ-WB"), ("estoi", "ESTOI %"), ("si_sdr_db", "SI-SDR dB"))


def plot_curve(curve: Path, picture: Path) -> None:
    """Draw `curve.csv` of a training run to a PNG: loss and validation scores over hours of audio heard."""
    with curve.open(newline="") as lines:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]
    figure, axes = pyplot.subplots(1, len(PANELS), figsize=(14, 3.2))
    for axis, (column, title) in zip(axes, PANELS, strict=True):
        axis.plot([row["hours_heard"] for row in rows], [row[column] for row in rows], marker=".")
        axis.set_title(title)
        axis.set_xlabel("hours heard")
        axis.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=110)
    pyplot.close(figure)
