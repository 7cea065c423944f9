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

    def forward(self, spectrum: Tensor, tokens: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """Return what to add `[batch, time, bins, 2]` and the next `past`, the `taps - 1` latest frames.

        `spectrum` is `[batch, time, at least bins, 2]`, `tokens` `[batch, time, width]`, `past` `[batch, taps - 1, bins, 2]`.
        """
        batch, frames = spectrum.shape[:2]
        low = torch.cat([past, spectrum[:, :, : self.bins]], dim=1)
        weights = (
            torch.tanh(CAUTION * self.decode(tokens)).to(spectrum.dtype).reshape(batch, frames, 2, self.taps, self.bins)
        )
        real, imaginary = self._recent(low[..., 0], frames), self._recent(low[..., 1], frames)
        added_real = (weights[:, :, 0] * real - weights[:, :, 1] * imaginary).sum(2)
        added_imaginary = (weights[:, :, 0] * imaginary + weights[:, :, 1] * real).sum(2)
        return torch.stack([added_real, added_imaginary], dim=-1), low[:, frames:]

    def _recent(self, low: Tensor, frames: int) -> Tensor:
        """Return `[batch, time, taps, bins]`, the oldest frame first. One frame needs no sliding."""
        if frames == 1:
            return low.unsqueeze(1)
        return low.unfold(1, self.taps, 1).transpose(2, 3)
