"""The GRU that training uses is torch's GRU: same results, same gradients."""

import torch
from torch import nn

from export.gru_over_time import GruOverTime
from export.layers import StreamingGru


def gradients(layer: nn.GRU, outputs: torch.Tensor, inputs: torch.Tensor, state: torch.Tensor) -> list[torch.Tensor]:
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
    return list(torch.autograd.grad((outputs * weights).sum(), [inputs, state, *layer.parameters()]))


def test_results_and_gradients_are_those_of_torch() -> None:
    torch.manual_seed(0)
    layer = nn.GRU(6, 5, batch_first=True).double()
    inputs = torch.randn(3, 11, 6, dtype=torch.double, requires_grad=True)
    state = torch.randn(3, 5, dtype=torch.double, requires_grad=True)
    input_weight, state_weight, input_bias, state_bias = layer.all_weights[0]
    from_input = nn.functional.linear(inputs.transpose(0, 1), input_weight, input_bias)
    outputs = GruOverTime.apply(from_input, state, state_weight, state_bias).transpose(0, 1)
    expected, _ = layer(inputs, state.unsqueeze(0))
    torch.testing.assert_close(outputs, expected)
    found = gradients(layer, outputs, inputs, state)
    for mine, torchs in zip(found, gradients(layer, expected, inputs, state), strict=True):
        torch.testing.assert_close(mine, torchs)


def test_training_and_inference_of_a_layer_agree() -> None:
    torch.manual_seed(0)
    layer = StreamingGru(6, 5)
    inputs, state = torch.randn(3, 11, 6), torch.randn(3, 5)
    trained, last = layer(inputs, state)
    with torch.no_grad():
        expected, expected_last = layer(inputs, state)
    assert trained.requires_grad
    torch.testing.assert_close(trained, expected)
    torch.testing.assert_close(last, expected_last)
