"""The exporter's optimiser leaves small terms where they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from export.factory import as_streaming
from export.forms import one_by_one
from export.graph.to_onnx import export_onnx
from export.model import Denoiser
from export.runtime import FrameRunner
from export.spec import AudioSpec, StateSpec


class Logarithm(nn.Module):
    """Sums of squares in decibels, kept finite by a small term; a factor that is nearly one."""

    def __init__(self, floor: float) -> None:
        super().__init__()
        self.floor = floor
        self.spec = AudioSpec(window_samples=64, hop_samples=32)

    def state_specs(self) -> list[StateSpec]:
        return []

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        del states
        level = torch.log(frames.square().sum(-1, keepdim=True) + self.floor) * 1.000008
        return frames + level - 1e-9, []


@pytest.mark.parametrize("floor", [1e-8, 1e-12])
def test_the_logarithm_of_silence_is_finite_and_right(floor: float, tmp_path: Path) -> None:
    model = as_streaming(Logarithm(floor))
    export_onnx(model, tmp_path / "logarithm.onnx")
    frames = np.zeros((2, 3, 33, 2), dtype=np.float32)
    frames[:, 1] = 1e-5 * np.random.default_rng(0).normal(size=(2, 33, 2))
    streamed = FrameRunner(tmp_path / "logarithm.onnx").stream(frames)
    assert np.isfinite(streamed).all()
    assert np.allclose(streamed, one_by_one(model, frames), rtol=1e-6, atol=0)


class Passing(Logarithm):
    """A state that comes back as it went in."""

    def state_specs(self) -> list[StateSpec]:
        return [StateSpec("kept", (3,))]

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames * 2, states


def test_a_state_that_passes_through_keeps_its_two_names(tmp_path: Path) -> None:
    export_onnx(as_streaming(Passing(0.0)), tmp_path / "passing.onnx")
    runner = FrameRunner(tmp_path / "passing.onnx")
    assert list(runner.initial_states(1)) == ["state_in_kept"]
    assert "state_out_kept" in runner.outputs


def test_our_own_network_hears_silence_as_it_was_trained(network: Denoiser, tmp_path: Path) -> None:
    model = as_streaming(network)
    export_onnx(model, tmp_path / "small.onnx")
    silence = np.zeros((1, 5, 257, 2), dtype=np.float32)
    silence[:, 3:] = 1e-5
    streamed = FrameRunner(tmp_path / "small.onnx").stream(silence)
    assert np.allclose(streamed, one_by_one(model, silence), rtol=1e-4, atol=1e-11)
