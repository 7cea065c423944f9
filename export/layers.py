"""Building blocks that run a whole sequence in training and one frame when streaming, with explicit state."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.gru_over_time import GruOverTime


class StreamingGru(nn.Module):
    """A one-layer GRU whose state goes in and comes out: over whole sequences in training, one `step` a frame when streaming.

    A step is matrix products and elementwise operators, so that an exported graph holds no GRU operator and each product can
    be quantized by itself. The reset and the update gate hear input and state in one product each, which saves half of
    their outputs.
    Source: Cho et al. 2014 (arXiv:1406.1078), in the variant of torch.nn.GRU with the reset gate after the product.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)

    def forward(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return outputs `[batch, time, hidden]` and the next state `[batch, hidden]`; `inputs` is `[batch, time, input]`."""
        if torch.is_grad_enabled():
            return self._train(inputs, state)
        outputs, last = self.gru(inputs, state.unsqueeze(0).to(inputs.dtype).contiguous())
        return outputs, last.squeeze(0)

    def _train(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        input_weight, state_weight, input_bias, state_bias = self.gru.all_weights[0]
        from_input = nn.functional.linear(inputs.transpose(0, 1), input_weight, input_bias)
        dtype = from_input.dtype
        weights = state_weight.to(dtype), state_bias.to(dtype)
        states: Tensor = GruOverTime.apply(from_input, state.to(dtype), *weights)  # type: ignore[no-untyped-call]
        return states.transpose(0, 1), states[-1]

    def step(self, frame: Tensor, state: Tensor) -> Tensor:
        """Return the next state `[..., hidden]` after one frame `[..., input]`; it is the output as well.

        A product for each gate: cutting one product into gates costs a copy of every value.
        """
        input_weights, state_weights, input_biases, state_biases = (by_gate(part) for part in self.gru.all_weights[0])
        linear, both = nn.functional.linear, torch.cat([frame, state], -1)
        weights = [torch.cat(pair, 1) for pair in zip(input_weights, state_weights, strict=True)]
        biases = [given + kept for given, kept in zip(input_biases, state_biases, strict=True)]
        reset, update = (torch.sigmoid(linear(both, weights[gate], biases[gate])) for gate in (0, 1))
        from_state = linear(state, state_weights[2], state_biases[2])
        candidate = torch.tanh(linear(frame, input_weights[2], input_biases[2]) + reset * from_state)
        return candidate + update * (state - candidate)


def by_gate(weights: Tensor) -> list[Tensor]:
    """Return the three parts of a GRU's stacked weights or biases: reset, update, candidate."""
    hidden = weights.shape[0] // 3
    return [weights[gate * hidden : (gate + 1) * hidden] for gate in range(3)]


class RunningLevel(nn.Module):
    """Bias-corrected exponential average of a non-negative level over time, with explicit state.

    The average divides by the weight it has really seen, so the first frames of a stream are not biased towards the zeros
    of a fresh state. Source: Kingma and Ba 2015 (arXiv:1412.6980), section 3.
    """

    def __init__(self, decay: float) -> None:
        super().__init__()
        self.decay = decay

    def forward(self, level: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the average `[batch, time, 1]` and the next state `[batch, 2]` (sum, weight) for `level` `[batch, time, 1]`."""
        level_of, weight_of = torch.eye(2, device=level.device) * (1.0 - self.decay)
        seen = level * level_of + weight_of
        if level.shape[1] == 1:
            sums = seen + self.decay * state.unsqueeze(1)
            return sums[..., :1] / sums[..., 1:], sums[:, -1]
        sums = self._average_in_parallel(seen, state)
        return sums[..., :1] / sums[..., 1:], sums[:, -1]

    def _average_in_parallel(self, seen: Tensor, state: Tensor) -> Tensor:
        steps = torch.arange(seen.shape[1], device=seen.device, dtype=seen.dtype)
        ages = steps[:, None] - steps[None, :]
        decays = torch.where(ages >= 0, self.decay ** ages.clamp(min=0), torch.zeros_like(ages))
        carried = self.decay ** (steps + 1)
        return torch.einsum("ts,bsc->btc", decays, seen) + carried[None, :, None] * state.unsqueeze(1)
