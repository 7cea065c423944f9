"""A dual-signal LSTM network: a mask on the spectrum, then a second mask in a basis that the network learns.

Source: Westhausen and Meyer 2020, "Dual-Signal Transformation LSTM Network for Real-Time Noise Suppression"
(arXiv:2005.07551), sections 2.1 to 2.3. `DualSignal()` has the paper's frames: raw samples, blocks of 32 ms moved on by 8 ms.
`DualSignal(frames="spectrum")` has the box's frames, so that the box can serve it; the network is the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from export.spec import AudioSpec, StateSpec
from export.streaming.lstm import StreamingLstm, instant_norm

LOG_FLOOR = 1e-7


@dataclass(frozen=True)
class DualSignalConfig:
    """Sizes; the defaults are the paper's (section 3.3)."""

    hidden: int = 128
    layers: int = 2
    basis: int = 256

    def to_dict(self) -> dict[str, int]:
        """Return the sizes as JSON-ready values."""
        return {"hidden": self.hidden, "layers": self.layers, "basis": self.basis}


class Mask(nn.Module):
    """A stack of LSTMs and a layer with a sigmoid, one value between 0 and 1 for each feature."""

    def __init__(self, features: int, config: DualSignalConfig) -> None:
        super().__init__()
        self.recurrent = StreamingLstm(features, config.hidden, config.layers)
        self.decide = nn.Linear(config.hidden, features)

    def forward(self, features: Tensor, hidden: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the mask `[batch, time, features]` and the two next states."""
        outputs, hidden, cells = self.recurrent(features, hidden, cells)
        return torch.sigmoid(self.decide(outputs)), hidden, cells


class DualSignal(nn.Module):
    """The network over frames of samples (`frames="samples"`) or of the box's spectra (`frames="spectrum"`)."""

    gain: Tensor
    forward_basis: Tensor
    inverse_basis: Tensor

    def __init__(self, config: DualSignalConfig | None = None, frames: str = "samples") -> None:
        super().__init__()
        self.config = config or DualSignalConfig()
        self.block, self.shift = 512, 128
        if frames == "samples":
            self.spec = AudioSpec(16000, self.shift, self.shift, "rectangular", "samples", self.block - self.shift)
        else:
            self.spec = AudioSpec(16000, self.block, self.block // 2)
        bins = self.block // 2 + 1
        self.first = Mask(bins, self.config)
        self.encode = nn.Linear(self.block, self.config.basis, bias=False)
        self.norm_gain = nn.Parameter(torch.ones(self.config.basis))
        self.norm_shift = nn.Parameter(torch.zeros(self.config.basis))
        self.second = Mask(self.config.basis, self.config)
        self.decode = nn.Linear(self.config.basis, self.block, bias=False)
        to_spectrum, to_block = fourier(self.block)
        self.register_buffer("to_spectrum", to_spectrum, persistent=False)
        self.register_buffer("to_block", to_block, persistent=False)

    def state_specs(self) -> list[StateSpec]:
        """Return name and shape of every state, in the order `forward` takes them."""
        recurrent = self.first.recurrent.state_specs("first") + self.second.recurrent.state_specs("second")
        if self.spec.frames == "spectrum":
            return recurrent
        past = (self.block - self.shift,)
        return [*recurrent, StateSpec("heard", past), StateSpec("unfinished", past)]

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return denoised frames, shaped as `frames`, and the next states."""
        if self.spec.frames == "spectrum":
            block, recurrent = self.denoise(frames, states)
            return self._spectrum(block), recurrent
        blocks, heard = self._blocks(frames, states[4])
        cleaned, recurrent = self.denoise(self._spectrum(blocks), states[:4])
        samples, unfinished = self._overlap(cleaned, states[5])
        return samples, [*recurrent, heard, unfinished]

    def denoise(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return denoised blocks `[batch, time, 512]` of spectra `[batch, time, 257, 2]`, and the recurrent states."""
        magnitude = torch.sqrt((spectrum * spectrum).sum(-1) + LOG_FLOOR)
        mask, *first = self.first(magnitude, states[0], states[1])
        masked = spectrum * mask.unsqueeze(-1)
        block = masked.flatten(2) @ self.get_buffer("to_block")
        features = self.encode(block)
        normal = instant_norm(features, self.norm_gain, self.norm_shift)
        mask, *second = self.second(normal, states[2], states[3])
        return self.decode(features * mask), [*first, *second]

    def _spectrum(self, blocks: Tensor) -> Tensor:
        return (blocks @ self.get_buffer("to_spectrum")).reshape(*blocks.shape[:2], -1, 2)

    def _blocks(self, frames: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Return blocks `[batch, time, 512]` that end with each frame, and the samples before the next one."""
        samples = torch.cat([heard, frames.flatten(1)], dim=1)
        past = self.block - self.shift
        blocks = [
            samples[:, start : start + self.block] for start in range(0, frames.shape[1] * self.shift, self.shift)
        ]
        return torch.stack(blocks, dim=1), samples[:, -past:]

    def _overlap(self, blocks: Tensor, unfinished: Tensor) -> tuple[Tensor, Tensor]:
        """Return finished samples `[batch, time, 128]` of blocks added where they overlap, and what is not finished yet."""
        finished = []
        for block in blocks.unbind(1):
            summed = block + torch.cat([unfinished, torch.zeros_like(block[:, : self.shift])], dim=1)
            finished.append(summed[:, : self.shift])
            unfinished = summed[:, self.shift :]
        return torch.stack(finished, dim=1), unfinished


def fourier(block: int) -> tuple[Tensor, Tensor]:
    """Return the real Fourier transform as matrices: `[block, bins * 2]`, and its inverse `[bins * 2, block]`."""
    bins = block // 2 + 1
    angle = (
        2
        * math.pi
        * torch.outer(torch.arange(block, dtype=torch.float64), torch.arange(bins, dtype=torch.float64))
        / block
    )
    forward = torch.stack([torch.cos(angle), -torch.sin(angle)], dim=-1)
    weight = torch.full((bins,), 2.0, dtype=torch.float64)
    weight[0] = weight[-1] = 1.0
    inverse = (forward * weight[None, :, None] / block).permute(1, 2, 0)
    return forward.reshape(block, -1).float(), inverse.reshape(-1, block).float()


def dual_signal() -> DualSignal:
    """Return the paper's network over raw samples: the factory for `hushbox-export make`."""
    return DualSignal()


def dual_signal_for_the_box() -> DualSignal:
    """Return the same network over the box's spectra."""
    return DualSignal(frames="spectrum")
