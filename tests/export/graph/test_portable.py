"""Sums, means and Einstein sums are rewritten so that neither the batch nor the processor changes a bit."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from export.factory import as_streaming
from export.forms import batch_difference, one_by_one
from export.graph.coupling import coupled_operators
from export.graph.to_onnx import export_onnx
from export.runtime import FrameRunner
from export.spec import AudioSpec, StateSpec


class Reducing(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.spec = AudioSpec(window_samples=64, hop_samples=32)
        torch.manual_seed(0)
        self.groups = nn.Parameter(torch.randn(11, 6, 6))
        self.shared = nn.Parameter(torch.randn(33, 33))

    def state_specs(self) -> list[StateSpec]:
        return []

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        del states
        folded = frames.reshape(frames.shape[0], frames.shape[1], 11, 3, 2)
        ways = {
            "last": lambda: frames / (1 + frames.square().sum(-1, keepdim=True)),
            "middle": lambda: frames - frames.mean(dim=2, keepdim=True),
            "far": lambda: (folded - folded.mean(dim=2, keepdim=True)).reshape(frames.shape),
            "two": lambda: (folded - folded.mean(dim=(2, 4), keepdim=True)).reshape(frames.shape),
            "dropped": lambda: frames * folded.sum(dim=3).mean(dim=(2, 3))[:, :, None, None],
            "elu": lambda: nn.functional.elu(3 * frames, alpha=0.5),
            "softplus": lambda: nn.functional.softplus(5 * frames),
            "einsum groups": lambda: torch.einsum(
                "btgi,gij->btgj", folded.reshape(*frames.shape[:2], 11, 6), self.groups
            ).reshape(frames.shape),
            "einsum shared": lambda: torch.einsum("btfc,fg->btgc", frames, self.shared),
            "einsum twice": lambda: torch.einsum(
                "btgc,fg->btfc", torch.einsum("btfc,fg->btgc", frames / 33, self.shared), self.shared
            ),
        }
        return ways[self.way](), []


@pytest.mark.parametrize(
    "way",
    ["last", "middle", "far", "two", "dropped", "elu", "softplus", "einsum groups", "einsum shared", "einsum twice"],
)
def test_a_row_is_the_same_in_every_batch_and_right(way: str, tmp_path: Path) -> None:
    model = as_streaming(Reducing(way))
    export_onnx(model, tmp_path / "reducing.onnx")
    graph = onnx.load(tmp_path / "reducing.onnx").graph
    assert {"ReduceMean", "Einsum", "Elu"}.isdisjoint(node.op_type for node in graph.node)
    frames = np.random.default_rng(0).normal(size=(1, 96, 33, 2)).astype(np.float32)
    streamed = FrameRunner(tmp_path / "reducing.onnx").stream(frames)
    assert np.allclose(streamed, one_by_one(model, frames), atol=2e-6, rtol=1e-5)
    assert batch_difference(tmp_path / "reducing.onnx", frames) == 0.0
    assert coupled_operators(tmp_path / "reducing.onnx") == []


def test_the_operator_that_couples_rows_is_named(tmp_path: Path) -> None:
    export_onnx(as_streaming(Reducing("last")), tmp_path / "reducing.onnx")
    model = onnx.load(tmp_path / "reducing.onnx")
    last = next(node for node in model.graph.node if "spectrum_out" in node.output)
    last.output[0] = "alone"
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([0]), "batch_axis"))
    model.graph.node.extend(
        [
            onnx.helper.make_node("ReduceMax", ["alone", "batch_axis"], ["loudest"], keepdims=1, name="listener"),
            onnx.helper.make_node("Add", ["alone", "loudest"], ["spectrum_out"], name="leak"),
        ]
    )
    onnx.save(model, tmp_path / "leaking.onnx")
    assert coupled_operators(tmp_path / "leaking.onnx") == ["leak (Add)"]
