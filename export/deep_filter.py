"""A complex filter over the latest frames of each low bin: what gains cannot mend in the phase of a voice, it can."""

from __future__ import annotations

import torch
from torch import Tensor, nn

CAUTION = 0.125
"""Scale of the weights before their bound: training steps of full size would shake the filter more than noise does."""


class DeepFilter(nn.Module):
    """Adds to each of the lowest bins a weighted sum of its latest frames, with complex weights that the network gives.

    A voiced harmonic goes on predictably from frame to frame where noise does not.
    Source: Mack and Habets 2020 (arXiv:1904.08369), eq. 4, added to a mask as Schröter et al. 2022 (arXiv:2110.05588)
    do, with weights bounded by tanh.
    """

    def __init__(self, width: int, bins: int, taps: int) -> None:
        super().__init__()
        self.bins, self.taps = bins, taps
        self.decode = nn.Linear(width, bins * taps * 2)
        nn.init.zeros_(self.decode.weight)
        nn.init.zeros_(self.decode.bias)

    def forward(
        self, real: Tensor, imaginary: Tensor, tokens: Tensor, past: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Return what to add to both parts, each `[batch, time, bins]`, and their next `past`, the `taps - 1` latest frames.

        `real` and `imaginary` are `[batch, time, at least bins]`, `tokens` `[batch, time, width]`, and each of `past`
        is `[batch, taps - 1, bins]`.
        """
        batch, frames = real.shape[:2]
        low = [
            torch.cat([old, part[..., : self.bins]], dim=1) for old, part in zip(past, (real, imaginary), strict=True)
        ]
        weights = torch.tanh(CAUTION * self.decode(tokens)).to(real.dtype)
        along, across = weights.reshape(batch, frames, 2, self.taps, self.bins).unbind(2)
        recent_real, recent_imaginary = (self._recent(part, frames) for part in low)
        added_real = (along * recent_real - across * recent_imaginary).sum(2)
        added_imaginary = (along * recent_imaginary + across * recent_real).sum(2)
        return [added_real, added_imaginary], [part[:, frames:] for part in low]

    def _recent(self, low: Tensor, frames: int) -> Tensor:
        """Return `[batch, time, taps, bins]`, the oldest frame first. One frame needs no sliding."""
        if frames == 1:
            return low.unsqueeze(1)
        return low.unfold(1, self.taps, 1).transpose(2, 3)
