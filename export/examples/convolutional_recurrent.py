"""A convolutional recurrent network: a causal encoder and decoder over frequency with skips, and LSTMs over time between.

Source: Tan and Wang 2018, "A Convolutional Recurrent Neural Network for Real-Time Speech Enhancement" (Interspeech 2018,
doi:10.21437/Interspeech.2018-1405), section 2 and table 1: kernels of 2 frames by 3 frequencies, stride 2 in frequency, batch
normalisation and ELU, two LSTM layers, the decoder mirrors the encoder and hears the encoder's outputs; the network gives the
magnitude (softplus) and the phase stays that of the input. Frames are the box's (257 bins; the paper's 161 come from 20 ms).
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from export.spec import AudioSpec, StateSpec
from export.streaming.convolution import CausalConv2d, CausalConvTranspose2d, States
from export.streaming.lstm import StreamingLstm

KERNEL = (2, 3)
FLOOR = 1e-7


@dataclass(frozen=True)
class ConvolutionalRecurrentConfig:
    """Sizes; the defaults are the paper's (table 1): channels of the encoder's layers, and layers of the LSTM."""

    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    layers: int = 2

    def to_dict(self) -> dict[str, object]:
        """Return the sizes as JSON-ready values."""
        return asdict(self)


class ConvolutionalRecurrent(nn.Module):
    """The network over `[batch, time, bins, 2]`."""

    def __init__(self, config: ConvolutionalRecurrentConfig | None = None) -> None:
        super().__init__()
        self.config = config or ConvolutionalRecurrentConfig()
        self.spec = AudioSpec()
        self.sizes = [self.spec.bins]
        for _ in self.config.channels:
            self.sizes.append((self.sizes[-1] - KERNEL[1]) // 2 + 1)
        widths = (1, *self.config.channels)
        pairs = list(itertools.pairwise(widths))
        self.encoder = nn.ModuleList([CausalConv2d(before, after, KERNEL, stride=2) for before, after in pairs])
        self.encoder_norms = nn.ModuleList([nn.BatchNorm2d(after) for _, after in pairs])
        hidden = self.config.channels[-1] * self.sizes[-1]
        self.recurrent = StreamingLstm(hidden, hidden, self.config.layers)
        self.decoder = nn.ModuleList(
            [
                CausalConvTranspose2d(2 * after, before, KERNEL, stride=2, output_padding=self._lost(index))
                for index, (before, after) in reversed(list(enumerate(pairs)))
            ]
        )
        self.decoder_norms = nn.ModuleList([nn.BatchNorm2d(before) for before, _ in reversed(pairs)])

    def _lost(self, index: int) -> int:
        """Return how many frequencies the mirrored layer lacks: where the stride left one out."""
        return self.sizes[index] - ((self.sizes[index + 1] - 1) * 2 + KERNEL[1])

    def state_specs(self) -> list[StateSpec]:
        """Return name and shape of every state, in the order `forward` takes them."""
        specs: list[StateSpec] = []
        for index, layer in enumerate(self.encoder):
            assert isinstance(layer, CausalConv2d)
            specs += layer.state_specs(f"encoder{index}", self.sizes[index])
        specs += self.recurrent.state_specs("recurrent")
        for index, layer in enumerate(self.decoder):
            assert isinstance(layer, CausalConvTranspose2d)
            specs += layer.state_specs(f"decoder{index}", self.sizes[len(self.encoder) - index])
        return specs

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the denoised frames and the next states; `frames` is float32 `[batch, time, bins, 2]`."""
        passing = States(states)
        magnitude = torch.sqrt((frames * frames).sum(-1) + FLOOR)
        features, skips = magnitude.unsqueeze(1), []
        for layer, norm in zip(self.encoder, self.encoder_norms, strict=True):
            features = nn.functional.elu(norm(passing.through(layer, features)))
            skips.append(features)
        features = self._over_time(features, passing)
        for layer, norm, skip in zip(self.decoder, self.decoder_norms, reversed(skips), strict=True):
            heard = norm(passing.through(layer, torch.cat([features, skip], dim=1)))
            last = layer is self.decoder[-1]
            features = nn.functional.softplus(heard) if last else nn.functional.elu(heard)
        gain = features.squeeze(1) / magnitude
        return frames * gain.unsqueeze(-1), passing.next

    def _over_time(self, features: Tensor, passing: States) -> Tensor:
        channels, frequencies = features.shape[1], features.shape[3]
        flat = features.transpose(1, 2).flatten(2)
        outputs, hidden, cells = self.recurrent(flat, passing.take(), passing.take())
        passing.give(hidden)
        passing.give(cells)
        whole: Tensor = outputs.reshape(*outputs.shape[:2], channels, frequencies).transpose(1, 2)
        return whole


def convolutional_recurrent() -> ConvolutionalRecurrent:
    """Return the network in the paper's sizes: the factory for `hushbox-export make`."""
    return ConvolutionalRecurrent()
