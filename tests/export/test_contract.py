"""Whatever is wrong with a module, a checkpoint or a file has its own error, with a stable code and a sentence that helps."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from export.contract import check_contract
from export.errors import ExportError
from export.factory import as_streaming
from export.graph.to_onnx import export_onnx
from export.runtime import FrameRunner
from export.spec import StateSpec
from tests.export.gain import Gain


class Hiding(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        self.heard = getattr(self, "heard", 0.0) + frames.mean().abs().item()
        cleaned, following = super().forward(frames, states)
        return cleaned * (1 + self.heard), following


class HidingInABuffer(Gain):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        self.count += 1
        return super().forward(frames, states)


class Random(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        cleaned, following = super().forward(frames, states)
        return cleaned + torch.rand_like(cleaned), following


class Overwriting(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        states[0].mul_(0.9).add_(frames[:, -1].square().sum(-1))
        return frames * torch.sigmoid(self.decide(states[0]))[:, None, :, None], [states[0]]


class Growing(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames, [torch.cat([states[0], frames[:, -1, :, 0]], dim=1)]


class BatchNormalising(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        cleaned, following = super().forward(frames, states)
        return cleaned / (cleaned.abs().amax(dim=0, keepdim=True) + 1e-3), following


class LookingAhead(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        cleaned, following = super().forward(frames, states)
        return cleaned / (1 + frames.abs().mean(dim=1, keepdim=True)), following


class WrongShape(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames[..., 0], states


class Crashing(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames @ frames, states


class LosingAState(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames, []


class LosingAllStates(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames, None  # type: ignore[return-value]


class Falling(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        raise RuntimeError


class Leaving(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        raise SystemExit(5)


class DividingBySilence(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames / frames.square().sum(-1, keepdim=True).sqrt(), states


class Halved(Gain):
    def __init__(self) -> None:
        super().__init__()
        self.half()


@pytest.mark.parametrize(
    ("module", "code", "sentence"),
    [
        (Hiding, "state_hidden", "remembers something outside its states"),
        (HidingInABuffer, "state_hidden", "forward changed count"),
        (Random, "state_hidden", "random"),
        (Overwriting, "state_hidden", "writes into its arguments"),
        (Growing, "shape_dynamic", "keeps its shape"),
        (BatchNormalising, "rows_coupled", "batch axis"),
        (LookingAhead, "not_causal", "causal padding"),
        (WrongShape, "contract_broken", "same shape"),
        (Crashing, "contract_broken", "forward failed"),
        (LosingAState, "contract_broken", "returned 0 states"),
        (LosingAllStates, "contract_broken", "list of tensors"),
        (Falling, "contract_broken", "with RuntimeError"),
        (Leaving, "contract_broken", "SystemExit"),
        (DividingBySilence, "output_not_finite", "On silence the output"),
        (Halved, "contract_broken", r"decide\.weight is torch\.float16"),
    ],
)
def test_modules_that_break_the_contract_are_told_what_to_change(module: type[Gain], code: str, sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence) as raised:
        check_contract(as_streaming(module()))
    assert raised.value.code == code


class WithoutStateSpecs(Gain):
    def state_specs(self) -> list[StateSpec]:
        raise KeyError("nowhere")


class WithANumberForAShape(Gain):
    def state_specs(self) -> list[StateSpec]:
        return [StateSpec("level", 257)]  # type: ignore[arg-type]


class WithANegativeBound(Gain):
    def state_specs(self) -> list[StateSpec]:
        return [StateSpec("level", (257,), bound=-1.0)]


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (WithoutStateSpecs, "failed with KeyError"),
        (WithANumberForAShape, "tuple of numbers"),
        (WithANegativeBound, "has to be positive"),
    ],
)
def test_wrong_facts_about_states_are_told(module: type[Gain], sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence) as raised:
        as_streaming(module())
    assert raised.value.code == "contract_broken"


def test_a_module_that_keeps_the_contract_passes() -> None:
    assert check_contract(as_streaming(Gain()))


class OneFrameOnly(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        assert frames.shape[1] == 1, "one frame a call"
        return super().forward(frames, states)


def test_a_module_of_single_frames_is_known_as_such() -> None:
    assert not check_contract(as_streaming(OneFrameOnly()))


class FixedBatch(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        cleaned, following = super().forward(frames, states)
        return cleaned * len(torch.zeros(frames.shape[0]).tolist()), following


class Deciding(Gain):
    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return (frames * 2 if frames.abs().max() > 0.5 else frames), states


class Sorting(Gain):
    """`aten.mode` has no counterpart in ONNX."""

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        return frames * torch.mode(frames, dim=2, keepdim=True).values, states


@pytest.mark.parametrize(
    ("module", "code", "sentence"),
    [
        (FixedBatch, "shape_dynamic", "batch size"),
        (Deciding, "shape_dynamic", r"test_contract\.py.*frames\.abs\(\)\.max\(\) > 0\.5"),
        (Sorting, "operator_unsupported", "aten"),
    ],
)
def test_what_cannot_be_a_graph_is_told_what_to_change(
    module: type[Gain], code: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match=sentence) as raised:
        export_onnx(as_streaming(module()), tmp_path / "never.onnx")
    assert raised.value.code == code
    assert not (tmp_path / "never.onnx").exists()


def test_the_exported_graph_computes_what_the_module_does(tmp_path: Path) -> None:
    model = as_streaming(Gain())
    export_onnx(model, tmp_path / "gain.onnx")
    frames = np.random.default_rng(0).normal(size=(3, 5, 257, 2)).astype(np.float32)
    with torch.no_grad():
        expected, _ = model(torch.from_numpy(frames), [torch.zeros(3, 257)])
    assert np.allclose(FrameRunner(tmp_path / "gain.onnx").stream(frames), expected.numpy(), atol=1e-5)


class Normed(Gain):
    def __init__(self) -> None:
        super().__init__()
        self.decide = torch.nn.utils.weight_norm(self.decide)


def test_a_weight_that_is_computed_from_others_is_named() -> None:
    model = as_streaming(Normed())
    # As after any run with gradients: the computed weight is no leaf, and cannot be copied.
    with pytest.raises(ExportError, match="remove_weight_norm"):
        check_contract(model)
