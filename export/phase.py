"""How the phase of each low bin went on since the frame before: a voiced harmonic turns steadily, noise does not."""

from __future__ import annotations

import torch
from torch import Tensor

SILENCE = 1e-9
"""Added to the powers of both frames, so that silence has no phase: far below one step of 16-bit PCM in a bin."""


def phase_advance(real: Tensor, imaginary: Tensor, past: list[Tensor]) -> Tensor:
    """Return cosine and sine of each bin's turn since the frame before, `[batch, time, 2 * bins]`, in [-1, 1].

    `real` and `imaginary` are `[batch, time, bins]`; `past` has both parts of the frames before, `[batch, frames, bins]`.
    Every other bin turns by half a circle more, as bins half a hop's period apart do; weights take care of that.
    Source: Flanagan and Golden 1966, "Phase Vocoder", the phase derivative, as a unit vector in place of an angle.
    """
    before_real, before_imaginary = (
        torch.cat([old[:, -1:], part[:, :-1]], dim=1) if part.shape[1] > 1 else old[:, -1:]
        for old, part in zip(past, (real, imaginary), strict=True)
    )
    power = real * real + imaginary * imaginary + SILENCE
    power_before = before_real * before_real + before_imaginary * before_imaginary + SILENCE
    size = torch.sqrt(power * power_before)
    along = real * before_real + imaginary * before_imaginary
    across = imaginary * before_real - real * before_imaginary
    return torch.cat([along / size, across / size], dim=-1)
