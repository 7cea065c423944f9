"""The frequency scale of the network: 80 bands, one bin wide up to 1 kHz and twice as wide with every octave above."""

from __future__ import annotations

import torch
from torch import Tensor

OCTAVE_GROUPS = ((0, 32, 1), (32, 64, 2), (64, 128, 4), (128, 256, 8))
"""(first bin, end bin, bins a band) for 31.25 Hz bins: 31, 62, 125 and 250 Hz wide, close to a third of an ERB each."""

BAND_COUNT = sum((end - first) // width for first, end, width in OCTAVE_GROUPS)

WHOLE_BINS = OCTAVE_GROUPS[0][1]
"""Below this bin, every band is a bin."""


def band_power(power: Tensor) -> Tensor:
    """Average the power of 257 bins into 80 bands: `[batch, time, 257]` -> `[batch, time, 80]`; Nyquist is in no band.

    Neighbours are averaged pairwise, so that the order of additions, and with it every bit of the result, is the same
    for every batch size and backend.
    """
    narrow, top = WHOLE_BINS, OCTAVE_GROUPS[-1][1]
    parts, rest = [power[..., :narrow]], power[..., narrow:top]
    for first, end, width in OCTAVE_GROUPS[1:]:
        rest = torch.nn.functional.avg_pool1d(rest, 2)
        bands = (end - first) // width
        parts.append(rest[..., :bands])
        rest = rest[..., bands:]
    return torch.cat(parts, dim=-1)


def interpolation(bins: int = 257) -> tuple[Tensor, Tensor, Tensor]:
    """Return lower band, upper band (int64) and upper weight (float32), each `[bins]`, to spread band values over bins."""
    centres = torch.cat([torch.arange(first, end, width) + (width - 1) / 2 for first, end, width in OCTAVE_GROUPS]).to(
        torch.float32
    )
    positions = torch.arange(bins, dtype=torch.float32)
    upper = torch.searchsorted(centres, positions).clamp(1, BAND_COUNT - 1)
    lower = upper - 1
    weight = ((positions - centres[lower]) / (centres[upper] - centres[lower])).clamp(0.0, 1.0)
    return lower, upper, weight
