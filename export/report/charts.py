"""The charts of the report as PNG images, and its audio as FLAC, each as text that a page can hold."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import soundfile
from numpy.typing import NDArray

from export.bench import Speed
from export.integers.sensitivity import LayerReport

mpl.use("Agg")
from matplotlib import pyplot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Samples = NDArray[np.float32]

INK, INTEGER_COLOUR, FLOAT_COLOUR = "#222222", "#2a7f62", "#c0504d"
FLOOR_DB, TOP_DB = -90, -10


def sensitivity_chart(layers: Sequence[LayerReport], allowed_db: float) -> str:
    """Return a bar for each layer: the error of the output when it alone is in integers; float layers in red."""
    figure, axes = pyplot.subplots(figsize=(8, 0.6 + 0.24 * len(layers)))
    worst_last = list(layers)[::-1]
    floor = min(min((layer.output_error_db for layer in layers), default=-60), allowed_db) - 5
    colours = [FLOAT_COLOUR if layer.form == "float" else INTEGER_COLOUR for layer in worst_last]
    axes.barh(
        [layer.name for layer in worst_last],
        [layer.output_error_db - floor for layer in worst_last],
        left=floor,
        color=colours,
    )
    axes.axvline(allowed_db, color=INK, linestyle="--", linewidth=1)
    axes.set_xlabel("error of the output, this layer alone in integers (dB); dashed: allowed for all")
    axes.tick_params(axis="y", labelsize=7)
    return _png(figure)


def latency_chart(speeds: Sequence[Speed]) -> str:
    """Return time for a frame and session against batch size, fp32 and integers."""
    figure, axes = pyplot.subplots(figsize=(5, 3))
    batches = [speed.batch for speed in speeds]
    axes.plot(batches, [speed.fp32_us for speed in speeds], "o-", color=FLOAT_COLOUR, label="fp32")
    axes.plot(batches, [speed.int8_us for speed in speeds], "o-", color=INTEGER_COLOUR, label="integers")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_xlabel("sessions in a batch")
    axes.set_ylabel("us a frame and session")
    axes.legend()
    axes.grid(visible=True, which="both", alpha=0.3)
    return _png(figure)


def spectrogram(samples: Samples, sample_rate_hz: int) -> str:
    """Return the spectrogram of a recording on a fixed scale, so that pictures can be compared."""
    figure, axes = pyplot.subplots(figsize=(8, 2.2))
    size = 512
    padded = np.pad(samples, (0, max(0, size - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: size // 4] * np.hanning(size)
    magnitude = np.abs(np.fft.rfft(frames)).T / (size / 4)
    shown = 20 * np.log10(magnitude + 1e-9)
    extent = (0.0, len(samples) / sample_rate_hz, 0.0, sample_rate_hz / 2000)
    axes.imshow(shown, origin="lower", aspect="auto", extent=extent, vmin=FLOOR_DB, vmax=TOP_DB, cmap="magma")
    axes.set_xlabel("s")
    axes.set_ylabel("kHz")
    return _png(figure)


def flac(samples: Samples, sample_rate_hz: int) -> str:
    """Return a recording as a FLAC file in a data URL."""
    content = io.BytesIO()
    soundfile.write(content, np.clip(np.nan_to_num(samples), -1, 1), sample_rate_hz, format="FLAC", subtype="PCM_16")
    return "data:audio/flac;base64," + base64.b64encode(content.getvalue()).decode()


def _png(figure: Figure) -> str:
    content = io.BytesIO()
    figure.tight_layout()
    figure.savefig(content, format="png", dpi=100)
    pyplot.close(figure)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
