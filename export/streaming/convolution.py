"""Causal convolutions whose past is a state that goes in and comes out: a buffer of the last frames, moved on each time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.spec import StateSpec


class _Causal(nn.Module):
    """A convolution over time, axis 2, that is given the `past` frames before the first one as a state."""

    def __init__(self, convolution: nn.Conv1d | nn.Conv2d | nn.ConvTranspose2d, past: int) -> None:
        super().__init__()
        self.convolution, self.past = convolution, past

    def forward(self, inputs: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return the outputs, as many frames as the inputs, and the next state."""
        if not self.past:
            return self.convolution(inputs), None
        assert state is not None
        heard = torch.cat([state, inputs], dim=2)
        return self._outputs(heard), heard[:, :, -self.past :]

    def _outputs(self, heard: Tensor) -> Tensor:
        outputs: Tensor = self.convolution(heard)
        return outputs


class _Causal2d(_Causal):
    def state_specs(self, name: str, frequencies: int) -> list[StateSpec]:
        """Return the state for inputs of `frequencies` values a frame; none if the kernel is one frame long."""
        shape = (self.convolution.in_channels, self.past, frequencies)
        return [StateSpec(name, shape)] if self.past else []


class CausalConv2d(_Causal2d):
    """An `nn.Conv2d` over `[batch, channels, time, frequency]` that never looks ahead in time.

    The state holds the `(kernel - 1) * dilation` frames before the first one, `[batch, channels, past, frequency]`; a kernel of
    one frame in time has no state. Frequency is padded as given, time is not padded at all.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        steps, pads, dilations = (1, stride), (0, padding), (dilation, 1)
        convolution = nn.Conv2d(in_channels, out_channels, kernel, steps, pads, dilations, groups=groups)
        super().__init__(convolution, (kernel[0] - 1) * dilation)


class CausalConvTranspose2d(_Causal2d):
    """An `nn.ConvTranspose2d` over `[batch, channels, time, frequency]` that never looks ahead in time.

    A transposed convolution adds each frame to the frames after it; here each output gathers what the frames before it add,
    which are the state, `[batch, channels, past, frequency]`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        output_padding: int = 0,
    ) -> None:
        steps, pads, lacking = (1, stride), (0, padding), (0, output_padding)
        convolution = nn.ConvTranspose2d(in_channels, out_channels, kernel, steps, pads, lacking)
        super().__init__(convolution, kernel[0] - 1)

    def _outputs(self, heard: Tensor) -> Tensor:
        whole = super()._outputs(heard)
        return whole[:, :, self.past : whole.shape[2] - self.past]


class CausalConv1d(_Causal):
    """An `nn.Conv1d` over `[batch, channels, time]` that never looks ahead; state `[batch, channels, past]`."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, dilation: int = 1, groups: int = 1) -> None:
        convolution = nn.Conv1d(in_channels, out_channels, kernel, dilation=dilation, groups=groups)
        super().__init__(convolution, (kernel - 1) * dilation)

    def state_specs(self, name: str) -> list[StateSpec]:
        """Return the state; none if the kernel is one frame long."""
        return [StateSpec(name, (self.convolution.in_channels, self.past))] if self.past else []


class States:
    """A module's states while they pass through its layers: `take` in the order of `state_specs`, `give` the next ones."""

    def __init__(self, states: Sequence[Tensor]) -> None:
        self._left = list(states)
        self.next: list[Tensor] = []

    def take(self) -> Tensor:
        """Return the next state that was not taken."""
        return self._left.pop(0)

    def give(self, state: Tensor) -> None:
        """Note what the state is after this call."""
        self.next.append(state)

    def through(self, layer: nn.Module, inputs: Tensor) -> Tensor:
        """Return the outputs of a layer of this file, its state taken and given."""
        outputs: Tensor
        if not getattr(layer, "past", 0):
            outputs, _ = layer(inputs)
            return outputs
        outputs, state = layer(inputs, self.take())
        self.give(state)
        return outputs
