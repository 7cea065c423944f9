"""GRU and LSTM layers as matrix products: the same weights and results, without a recurrent operator in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.errors import UnsupportedOperatorError

LSTM_GATES = 4
LARGEST_UNROLLED = 8
"""Recurrences over more steps inside a frame (over frequency, say) stay one operator: unrolled, they would cost about ten
graph nodes a step, and a node costs more than a small product."""

Pair = tuple[Tensor, Tensor]


def decompose(model: nn.Module) -> None:
    """Make every GRU and LSTM inside `model` compute with matrix products. Mutates: `model`."""
    for module in model.modules():
        if type(module) in _DECOMPOSED:
            # The weights stay where they are and keep their names; only `forward` changes.
            module.__class__ = _DECOMPOSED[type(module)]


class DecomposedGru(nn.GRU):
    """An `nn.GRU` that runs as products. Source: Cho et al. 2014 (arXiv:1406.1078), reset gate after the product."""

    def forward(self, inputs: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the outputs and the last states, as `nn.GRU` does."""
        if _steps(self, inputs) > LARGEST_UNROLLED:
            return nn.GRU.forward(self, inputs, hx)
        sequence = _time_first(self, inputs)
        before = _zeros(self, sequence, self.hidden_size) if hx is None else hx
        last = []
        for layer in range(self.num_layers):
            directions = []
            for direction in range(2 if self.bidirectional else 1):
                index = layer * (2 if self.bidirectional else 1) + direction
                outputs, state = self._run(sequence, before[index], self.all_weights[index], direction == 1)
                directions.append(outputs)
                last.append(state)
            sequence = directions[0] if len(directions) == 1 else torch.cat(directions, dim=-1)
        return (sequence.transpose(0, 1) if self.batch_first else sequence), torch.stack(last)

    def _run(self, sequence: Tensor, state: Tensor, weights: Sequence[Tensor], backwards: bool) -> Pair:
        from_input = nn.functional.linear(sequence, weights[0], weights[2] if self.bias else None)
        outputs = []
        for frame in reversed(from_input.unbind(0)) if backwards else from_input.unbind(0):
            state = gru_step(frame, nn.functional.linear(state, weights[1], weights[3] if self.bias else None), state)
            outputs.append(state)
        return torch.stack(outputs[::-1] if backwards else outputs), state


class DecomposedLstm(nn.LSTM):
    """An `nn.LSTM` that runs as products. Source: Hochreiter and Schmidhuber 1997, as in `torch.nn.LSTM`."""

    def forward(self, inputs: Tensor, hx: Pair | None = None) -> tuple[Tensor, Pair]:  # type: ignore[override]
        """Return the outputs and the last states, as `nn.LSTM` does."""
        if _steps(self, inputs) > LARGEST_UNROLLED:
            return nn.LSTM.forward(self, inputs, hx)
        sequence = _time_first(self, inputs)
        hidden, cells = hx or (
            _zeros(self, sequence, self.proj_size or self.hidden_size),
            _zeros(self, sequence, self.hidden_size),
        )
        last: list[Pair] = []
        for layer in range(self.num_layers):
            directions = []
            for direction in range(2 if self.bidirectional else 1):
                index = layer * (2 if self.bidirectional else 1) + direction
                weights = self.all_weights[index]
                outputs, state = self._run(sequence, (hidden[index], cells[index]), weights, direction == 1)
                directions.append(outputs)
                last.append(state)
            sequence = directions[0] if len(directions) == 1 else torch.cat(directions, dim=-1)
        ends = torch.stack([state[0] for state in last]), torch.stack([state[1] for state in last])
        return (sequence.transpose(0, 1) if self.batch_first else sequence), ends

    def _run(self, sequence: Tensor, state: Pair, weights: Sequence[Tensor], backwards: bool) -> tuple[Tensor, Pair]:
        from_input = nn.functional.linear(sequence, weights[0], weights[2] if self.bias else None)
        projection = weights[-1] if self.proj_size else None
        outputs = []
        for frame in reversed(from_input.unbind(0)) if backwards else from_input.unbind(0):
            product = nn.functional.linear(state[0], weights[1], weights[3] if self.bias else None)
            state = lstm_step(frame + product, state[1])
            state = state if projection is None else (nn.functional.linear(state[0], projection), state[1])
            outputs.append(state[0])
        return torch.stack(outputs[::-1] if backwards else outputs), state


class DecomposedGruCell(nn.GRUCell):
    """An `nn.GRUCell` that runs as products."""

    def forward(self, inputs: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state."""
        state = inputs.new_zeros(*inputs.shape[:-1], self.hidden_size) if hx is None else hx
        from_input = nn.functional.linear(inputs, self.weight_ih, self.bias_ih)
        return gru_step(from_input, nn.functional.linear(state, self.weight_hh, self.bias_hh), state)


class DecomposedLstmCell(nn.LSTMCell):
    """An `nn.LSTMCell` that runs as products."""

    def forward(self, inputs: Tensor, hx: Pair | None = None) -> Pair:
        """Return the next states."""
        zeros = inputs.new_zeros(*inputs.shape[:-1], self.hidden_size)
        hidden, cells = (zeros, zeros) if hx is None else hx
        from_input = nn.functional.linear(inputs, self.weight_ih, self.bias_ih)
        return lstm_step(from_input + nn.functional.linear(hidden, self.weight_hh, self.bias_hh), cells)


def gru_step(from_input: Tensor, from_state: Tensor, state: Tensor) -> Tensor:
    """Return the next state `[..., hidden]` from both products `[..., 3 * hidden]`, biases included."""
    hidden = state.shape[-1]
    gates = torch.sigmoid(from_input[..., : 2 * hidden] + from_state[..., : 2 * hidden])
    reset, update = gates[..., :hidden], gates[..., hidden:]
    candidate = torch.tanh(from_input[..., 2 * hidden :] + reset * from_state[..., 2 * hidden :])
    return candidate + update * (state - candidate)


def lstm_step(gates: Tensor, cells: Tensor) -> Pair:
    """Return the next hidden and cell states `[..., hidden]` from the summed products `[..., 4 * hidden]`."""
    opened, forgotten, candidate, shown = gates.chunk(LSTM_GATES, dim=-1)
    cells = torch.sigmoid(forgotten) * cells + torch.sigmoid(opened) * torch.tanh(candidate)
    return torch.sigmoid(shown) * torch.tanh(cells), cells


def _steps(module: nn.GRU | nn.LSTM, inputs: Tensor) -> int:
    if not isinstance(inputs, Tensor) or inputs.dim() != 3:
        raise UnsupportedOperatorError(
            f"{type(module).__bases__[0].__name__} was given {type(inputs).__name__}; it has to be a tensor with a batch axis "
            "(no packed sequences)."
        )
    return int(inputs.shape[1 if module.batch_first else 0])


def _time_first(module: nn.GRU | nn.LSTM, inputs: Tensor) -> Tensor:
    return inputs.transpose(0, 1) if module.batch_first else inputs


def _zeros(module: nn.GRU | nn.LSTM, sequence: Tensor, size: int) -> Tensor:
    count = module.num_layers * (2 if module.bidirectional else 1)
    return sequence.new_zeros(count, sequence.shape[1], size)


_DECOMPOSED: dict[type[nn.Module], type[nn.Module]] = {
    nn.GRU: DecomposedGru,
    nn.LSTM: DecomposedLstm,
    nn.GRUCell: DecomposedGruCell,
    nn.LSTMCell: DecomposedLstmCell,
}
