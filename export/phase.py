"""How the phase of each low bin went on since the frame before: a voiced harmonic turns steadily, noise does not."""

from __future__ import annotations

import torch
from torch import Tensor

SILENCE = 1e-18
"""Added to the product of both frames' powers, so that silence has no phase: far below one step of 16-bit PCM in a bin."""


def phase_advance(real: tuple[Tensor, Tensor], imaginary: tuple[Tensor, Tensor], power: Tensor) -> Tensor:
    """Return cosine and sine of each bin's turn since the frame before, `[batch, time, 2 * bins]`, in [-1, 1].

    Of both parts the frames `[batch, time, bins]` and those before them `[batch, frames, bins]`; `power` is that of the
    former. Every other bin turns by half a circle more, as bins half a hop's period apart do; weights take care of that.
    Source: Flanagan and Golden 1966, "Phase Vocoder", the phase derivative, as a unit vector in place of an angle.
    """
    (real_now, real_before), (imaginary_now, imaginary_before) = (
        (now, torch.cat([old[:, -1:], now[:, :-1]], dim=1) if now.shape[1] > 1 else old[:, -1:])
        for now, old in (real, imaginary)
    )
    power_before = real_before * real_before + imaginary_before * imaginary_before
    size = torch.sqrt(power * power_before + SILENCE)
    along = real_now * real_before + imaginary_now * imaginary_before
    across = imaginary_now * real_before - real_now * imaginary_before
    return torch.cat([along / size, across / size], dim=-1)
