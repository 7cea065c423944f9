"""Pictures for reports and model cards, as PNG files in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib

matplotlib.use("Agg")
import numpy as np
import scipy.signal
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from export.quality.evaluation import Row
from export.quality.summary import COLUMNS, by_system, grouped_means

Samples = NDArray[np.float32]

CURVES = ("pesq_wb", "estoi", "si_sdr_db", "ovrl")
SPECTROGRAM_FLOOR_DB, SPECTROGRAM_TOP_DB = -100, -25


def png_of(figure: Figure, dpi: int = 100, colours: int | None = None) -> bytes:
    """Return a figure as PNG and close it; with few `colours` a spectrogram has a third of the bytes."""
    figure.tight_layout()
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=dpi)
    pyplot.close(figure)
    if colours is None:
        return target.getvalue()
    smaller = io.BytesIO()
    Image.open(target).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(smaller, "png", optimize=True)
    return smaller.getvalue()


def snr_curves(rows: Sequence[Row]) -> bytes | None:
    """Draw every score against the SNR of the clips, a line a system; None if no clip has an SNR."""
    groups = {system: grouped_means(found, lambda row: row.snr_db) for system, found in by_system(rows).items()}
    if not any(groups.values()):
        return None
    shown = [name for name in CURVES if any(name in means for found in groups.values() for means in found.values())]
    figure, axes = pyplot.subplots(1, len(shown), figsize=(4 * len(shown), 3.6), squeeze=False)
    for axis, name in zip(axes[0], shown, strict=True):
        for system, found in groups.items():
            known = [(float(snr), means[name]) for snr, means in found.items() if name in means]
            axis.plot(*zip(*known, strict=True), marker="o", markersize=3, label=system, **_style(system))
        axis.set_title(COLUMNS[name][0])
        axis.set_xlabel("SNR of the noisy clip in dB")
        axis.grid(alpha=0.3)
    axes[0][0].legend(fontsize=8)
    return png_of(figure)


def distributions(rows: Sequence[Row]) -> bytes:
    """Draw how PESQ, ESTOI and SI-SDR of the clips lie above those of the unprocessed clips: median, quarters, 5 to 95 %."""
    systems = by_system(rows)
    noisy = {row.clip: row.scores.to_dict() for row in systems.pop("unprocessed", [])}
    names = ("pesq_wb", "estoi", "si_sdr_db")
    figure, axes = pyplot.subplots(1, len(names), figsize=(13, 0.45 * len(systems) + 1.6))
    for axis, name in zip(axes, names, strict=True):
        gains = [_gains(found, noisy, name) for found in systems.values()]
        axis.boxplot(gains, orientation="horizontal", whis=(5, 95), tick_labels=list(systems), widths=0.6)
        axis.axvline(0, color="grey", linewidth=0.8)
        axis.invert_yaxis()
        axis.set_title(f"{COLUMNS[name][0]} gained over the noisy clip")
        axis.grid(alpha=0.3, axis="x")
    return png_of(figure)


def class_table(rows: Sequence[Row], name: str = "pesq_wb") -> bytes | None:
    """Draw the mean of a score by noise class and system as coloured cells; None if no clip has a class."""
    groups = {system: grouped_means(found, lambda row: row.noise_class) for system, found in by_system(rows).items()}
    classes = sorted({group for found in groups.values() for group in found})
    if not classes:
        return None
    cells = np.array([[found.get(group, {}).get(name, np.nan) for group in classes] for found in groups.values()])
    figure, axis = pyplot.subplots(figsize=(1.3 * len(classes) + 2, 0.45 * len(groups) + 1.8))
    axis.imshow(cells, aspect="auto", cmap="viridis")
    axis.set_xticks(range(len(classes)), classes, rotation=25, ha="right", fontsize=8)
    axis.set_yticks(range(len(groups)), list(groups), fontsize=8)
    middle = np.nanmean(cells)
    for (line, column), value in np.ndenumerate(cells):
        axis.text(
            column, line, f"{value:.2f}", ha="center", va="center", color="w" if value < middle else "k", fontsize=8
        )
    axis.set_title(f"{COLUMNS[name][0]} by class of noise")
    return png_of(figure)


def spectrograms(signals: Mapping[str, Samples], sample_rate_hz: int, columns: int = 3) -> bytes:
    """Draw the spectrogram of every signal, on one scale of levels, under its name."""
    lines = -(-len(signals) // columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(4.6 * columns, 2.3 * lines), squeeze=False)
    for axis in axes.flat[len(signals) :]:
        axis.set_visible(False)
    for axis, (name, samples) in zip(axes.flat, signals.items(), strict=False):
        draw_spectrogram(axis, samples, sample_rate_hz)
        axis.set_title(name, fontsize=9)
    return png_of(figure, dpi=70, colours=64)


def draw_spectrogram(axis: Axes, samples: Samples, sample_rate_hz: int) -> None:
    """Draw power in dB over time and frequency."""
    window = round(0.032 * sample_rate_hz)
    hz, seconds, power = scipy.signal.spectrogram(
        samples, sample_rate_hz, "hann", window, window // 2, scaling="spectrum"
    )
    level_db = 10 * np.log10(power + 1e-12)
    scale = Normalize(SPECTROGRAM_FLOOR_DB, SPECTROGRAM_TOP_DB)
    axis.pcolormesh(seconds, hz / 1000, level_db, cmap="magma", shading="nearest", norm=scale, rasterized=True)
    axis.set_ylabel("kHz", fontsize=8)
    axis.tick_params(labelsize=7)


def _gains(rows: Sequence[Row], noisy: Mapping[str, Mapping[str, float]], name: str) -> NDArray[np.float64]:
    gains = np.array([row.scores.to_dict()[name] - noisy[row.clip][name] for row in rows if row.clip in noisy])
    known: NDArray[np.float64] = gains[~np.isnan(gains)]
    return known


def _style(system: str) -> dict[str, object]:
    if system == "unprocessed":
        return {"color": "grey", "linestyle": ":"}
    ours = ".int8" in system or ".fp32" in system
    return {"linewidth": 2.2 if ours else 1.1, "linestyle": "--" if ".fp32" in system else "-"}
