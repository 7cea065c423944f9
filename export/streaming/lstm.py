"""An LSTM stack with batch-first states."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.spec import StateSpec


class StreamingLstm(nn.Module):
    """An `nn.LSTM` over `[batch, time, size]` whose states are `[batch, layers, hidden]` each: hidden values and cells."""

    def __init__(self, input_size: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_size, hidden_size, layers, batch_first=True)

    def state_specs(self, name: str) -> list[StateSpec]:
        """Return both states; hidden values are bounded by their tanh, cells are not."""
        shape = (self.lstm.num_layers, self.lstm.hidden_size)
        return [StateSpec(f"{name}_hidden", shape, bound=1.0), StateSpec(f"{name}_cells", shape)]

    def forward(self, inputs: Tensor, hidden: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return outputs `[batch, time, hidden]` and the two next states."""
        before = hidden.transpose(0, 1).contiguous(), cells.transpose(0, 1).contiguous()
        outputs, (hidden, cells) = self.lstm(inputs, before)
        return outputs, hidden.transpose(0, 1), cells.transpose(0, 1)


def instant_norm(values: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """Return `values` `[batch, time, size]`, each frame with mean 0 and variance 1, times `gain` plus `shift`.

    Source: instant layer normalisation, Westhausen and Meyer 2020 (arXiv:2005.07551), section 2.2.
    """
    centred = values - values.mean(dim=-1, keepdim=True)
    variance = (centred * centred).mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + 1e-7) * gain + shift
