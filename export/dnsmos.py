"""DNSMOS P.835: how people would rate speech, background and the whole, predicted without the clean original."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx.utils import Extractor

from export.errors import ModelFileError
from export.runtime import open_session

Samples = NDArray[np.float32]

RATE_HZ = 16000
WINDOW_S = 9.01
SIG, BAK, OVRL = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)
"""Second-order polynomials from raw scores to MOS. Source: Reddy et al. 2022 (arXiv:2110.01763) and its published code."""

SPECTRUM_SAMPLES, SPECTRUM_HOP = 320, 160
SEGMENT_FRAMES, SEGMENT_HOP_FRAMES = 900, 100
EDGE_FRAMES = 4
"""Four 3x3 convolutions stand before the first pooling: they see four frames past each side, zeros past a segment's end."""
SEGMENTS_AT_ONCE = 8
"""Bounds the memory that long recordings need."""


def make_dnsmos(path: Path) -> Callable[[Samples], tuple[float, float, float]]:
    """Return a function from samples at 16 kHz to (SIG, BAK, OVRL) MOS.

    The authors' protocol: shorter clips are repeated, longer ones averaged over shifts of one second, as long as a whole
    segment fits (their script cuts the length to whole seconds before). The layers that
    overlapping segments share are run once, which is two to five times as fast and gives the same numbers.
    """
    network = _SharedFront(path)
    window = int(WINDOW_S * RATE_HZ)

    def rate(samples: Samples) -> tuple[float, float, float]:
        while len(samples) < window:
            samples = np.append(samples, samples)
        segments = int(len(samples) / RATE_HZ - WINDOW_S) + 1
        starts = range(0, segments, SEGMENTS_AT_ONCE)
        raw = np.concatenate(
            [network.raw_scores(samples, start, min(SEGMENTS_AT_ONCE, segments - start)) for start in starts]
        )
        sig, bak, ovrl = (np.polyval(fit, raw[:, column]).mean() for column, fit in enumerate((SIG, BAK, OVRL)))
        return float(sig), float(bak), float(ovrl)

    return rate


class _SharedFront:
    """The network cut at its first pooling: convolutions over all frames once, the rest for each segment."""

    def __init__(self, path: Path) -> None:
        try:
            model = onnx.shape_inference.infer_shapes(onnx.load(path))
            frames = next(node for node in model.graph.node if node.op_type == "Concat").output[0]
            cells = next(node for node in model.graph.node if node.op_type == "MaxPool").input[0]
            self._front = _part(model, [frames], [cells])
            self._back = _part(model, [cells], [item.name for item in model.graph.output])
        except (StopIteration, ValueError, OSError) as cause:
            raise ModelFileError(f"{path} is not the DNSMOS P.835 network: {cause}") from cause

    def raw_scores(self, samples: Samples, first: int, segments: int) -> NDArray[np.float32]:
        """Return raw SIG, BAK, OVRL `[segments, 3]` of the segments that begin at seconds `first`, `first` + 1, ..."""
        begin = first * SEGMENT_HOP_FRAMES * SPECTRUM_HOP
        count = SEGMENT_FRAMES + (segments - 1) * SEGMENT_HOP_FRAMES
        spectra = np.lib.stride_tricks.sliding_window_view(samples[begin:], SPECTRUM_SAMPLES)[::SPECTRUM_HOP][:count]
        starts = range(0, segments * SEGMENT_HOP_FRAMES, SEGMENT_HOP_FRAMES)
        joined = _run(self._front, spectra[None])[0]
        cells = np.stack([joined[:, start : start + SEGMENT_FRAMES] for start in starts])
        heads = [spectra[start : start + 2 * EDGE_FRAMES] for start in starts]
        tails = [spectra[start + SEGMENT_FRAMES - 2 * EDGE_FRAMES : start + SEGMENT_FRAMES] for start in starts]
        edges = _run(self._front, np.stack(heads + tails))
        cells[:, :, :EDGE_FRAMES] = edges[:segments, :, :EDGE_FRAMES]
        cells[:, :, -EDGE_FRAMES:] = edges[segments:, :, -EDGE_FRAMES:]
        return _run(self._back, cells)


def _part(model: onnx.ModelProto, inputs: list[str], outputs: list[str]) -> onnxruntime.InferenceSession:
    part = Extractor(model).extract_model(inputs, outputs)
    # The file fixes the number of frames of a segment, which the layers themselves do not need.
    del part.graph.value_info[:]
    for item in (*part.graph.input, *part.graph.output):
        for axis, size in enumerate(item.type.tensor_type.shape.dim):
            if size.dim_value == SEGMENT_FRAMES:
                size.dim_param = f"frames_{axis}"
    return open_session(part.SerializeToString())


def _run(session: onnxruntime.InferenceSession, values: NDArray[np.float32]) -> NDArray[np.float32]:
    name = session.get_inputs()[0].name
    result: NDArray[np.float32] = session.run(None, {name: np.ascontiguousarray(values, np.float32)})[0]
    return result
