"""Recurrent layers written as products, and causal convolutions cut into frames, compute what torch's own do."""

import copy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from export.contract import check_contract, initial_states
from export.factory import as_streaming
from export.forms import batch_difference, by_frame, offline, one_by_one
from export.graph.operators import count_operators
from export.graph.recurrent import LARGEST_UNROLLED, decompose
from export.graph.to_onnx import export_onnx
from export.runtime import FrameRunner
from export.spec import AudioSpec, StateSpec
from export.streaming.convolution import CausalConv1d, CausalConv2d, CausalConvTranspose2d


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"num_layers": 2},
        {"bidirectional": True},
        {"bias": False},
        {"batch_first": True},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
    ],
)
def test_sequences_give_the_same(kind: type[nn.GRU] | type[nn.LSTM], options: dict[str, int]) -> None:
    torch.manual_seed(1)
    layer = kind(5, 7, **options).eval()
    decomposed = copy.deepcopy(layer)
    decompose(nn.Sequential(decomposed))
    assert type(decomposed) is not kind
    inputs = torch.randn(4, 4, 5)
    expected, expected_state = layer(inputs)
    outputs, state = decomposed(inputs)
    assert torch.allclose(outputs, expected, atol=1e-6)
    pairs = [(state, expected_state)] if kind is nn.GRU else zip(state, expected_state, strict=True)
    assert all(torch.allclose(mine, theirs, atol=1e-6) for mine, theirs in pairs)


def test_projected_lstm_gives_the_same() -> None:
    torch.manual_seed(1)
    layer = nn.LSTM(5, 7, proj_size=3).eval()
    decomposed = copy.deepcopy(layer)
    decompose(nn.Sequential(decomposed))
    inputs = torch.randn(3, 2, 5)
    assert torch.allclose(decomposed(inputs)[0], layer(inputs)[0], atol=1e-6)


@pytest.mark.parametrize("kind", [nn.GRUCell, nn.LSTMCell])
def test_cells_give_the_same(kind: type[nn.GRUCell] | type[nn.LSTMCell]) -> None:
    torch.manual_seed(1)
    cell = kind(5, 7).eval()
    decomposed = copy.deepcopy(cell)
    decompose(nn.Sequential(decomposed))
    inputs = torch.randn(3, 5)
    first, again = cell(inputs), decomposed(inputs)
    for mine, theirs in [(again, first)] if kind is nn.GRUCell else zip(again, first, strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)


class AcrossBandsAndTime(nn.Module):
    """Both ways over the bands of a frame, and an LSTM stack over time: what dual-path networks do."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.spec = AudioSpec(window_samples=2 * (bands - 1), hop_samples=bands - 1)
        self.across = nn.GRU(2, 4, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(8)
        self.over_time = nn.LSTM(8, 6, 2, batch_first=True)
        self.decide = nn.Linear(6, bands)

    def state_specs(self) -> list[StateSpec]:
        return [StateSpec("hidden", (2, 6), bound=1.0), StateSpec("cells", (2, 6))]

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        batch, time, bands, _ = frames.shape
        across, _ = self.across(frames.reshape(batch * time, bands, 2))
        features = self.norm(across).mean(dim=1).reshape(batch, time, 8)
        before = tuple(state.transpose(0, 1).contiguous() for state in states)
        outputs, after = self.over_time(features, before)
        return frames * torch.sigmoid(self.decide(outputs)).unsqueeze(-1), [state.transpose(0, 1) for state in after]


@pytest.mark.parametrize("bands", [5, 12])
def test_a_dual_path_network_is_the_same_as_a_graph(bands: int, tmp_path: Path) -> None:
    torch.manual_seed(2)
    model = as_streaming(AcrossBandsAndTime(bands))
    assert check_contract(model)
    export_onnx(model, tmp_path / "dual.onnx")
    frames = torch.randn(2, 40, bands, 2).numpy()
    whole = offline(model, frames)
    assert np.allclose(one_by_one(model, frames), whole, atol=1e-5)
    assert np.allclose(by_frame(model, frames), whole, atol=1e-5)
    assert np.allclose(FrameRunner(tmp_path / "dual.onnx").stream(frames), whole, atol=1e-5)
    types = {node.op_type for node in onnx.load(tmp_path / "dual.onnx").graph.node}
    assert "LSTM" not in types
    assert ("GRU" in types) == (bands > LARGEST_UNROLLED)
    assert batch_difference(tmp_path / "dual.onnx", np.tile(frames, (1, 4, 1, 1))) == 0.0
    operators = count_operators(tmp_path / "dual.onnx")
    across = 2 * 3 * 4 * (2 + 4) * bands
    over_time = 4 * 6 * (8 + 6) + 4 * 6 * (6 + 6)
    mean = 8 * bands
    assert operators.macs == across + mean + over_time + 6 * bands
    assert operators.integer_macs_percent == 0.0


def stream(layer: nn.Module, inputs: Tensor, axis: int, specs: list[StateSpec]) -> Tensor:
    state = torch.zeros(len(inputs), *specs[0].shape)
    outputs = []
    for frame in inputs.split(1, dim=axis):
        output, state = layer(frame, state)
        outputs.append(output)
    return torch.cat(outputs, dim=axis)


@pytest.mark.parametrize("dilation", [1, 2])
def test_causal_convolutions_frame_by_frame_are_padded_convolutions(dilation: int) -> None:
    torch.manual_seed(3)
    plane = CausalConv2d(2, 4, (3, 3), stride=2, padding=1, dilation=dilation, groups=2)
    inputs = torch.randn(2, 2, 12, 9)
    padded = nn.functional.pad(inputs, (0, 0, plane.past, 0))
    streamed = stream(plane, inputs, 2, plane.state_specs("plane", 9))
    assert torch.allclose(streamed, plane.convolution(padded), atol=1e-6)
    line = CausalConv1d(2, 4, 3, dilation=dilation)
    samples = torch.randn(2, 2, 12)
    whole = line.convolution(nn.functional.pad(samples, (line.past, 0)))
    assert torch.allclose(stream(line, samples, 2, line.state_specs("line")), whole, atol=1e-6)


def test_causal_transposed_convolutions_frame_by_frame_are_the_start_of_the_whole() -> None:
    torch.manual_seed(4)
    layer = CausalConvTranspose2d(3, 2, (2, 3), stride=2, output_padding=1)
    inputs = torch.randn(2, 3, 12, 9)
    whole = layer.convolution(inputs)[:, :, :12]
    assert torch.allclose(stream(layer, inputs, 2, layer.state_specs("up", 9)), whole, atol=1e-6)


def test_a_kernel_of_one_frame_has_no_state() -> None:
    assert CausalConv2d(2, 4, (1, 3)).state_specs("none", 9) == []
    assert initial_states(as_streaming(AcrossBandsAndTime(5)), 3)[0].shape == (3, 2, 6)
