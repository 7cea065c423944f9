"""Whatever is wrong with a module, a checkpoint or a file has its own error, with a stable code and a sentence that helps."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from export.checkpoint import load_weights, read_checkpoint
from export.contract import check_contract
from export.errors import ExportError
from export.factory import as_streaming, make_model
from export.graph.to_onnx import export_onnx
from export.metadata import read_facts
from export.model import Denoiser
from export.pipeline import load_trained
from export.runtime import FrameRunner
from export.spec import AudioSpec, StateSpec


class Gain(nn.Module):
    """A network that keeps the contract: a smoothed level decides the gain of each bin."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = AudioSpec()
        self.decide = nn.Linear(257, 257)

    def state_specs(self) -> list[StateSpec]:
        return [StateSpec("level", (257,))]

    def forward(self, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        level, cleaned = states[0], []
        for frame in frames.unbind(1):
            level = 0.9 * level + 0.1 * frame.square().sum(-1)
            cleaned.append(frame * torch.sigmoid(self.decide(level)).unsqueeze(-1))
        return torch.stack(cleaned, dim=1), [level]


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


def test_nan_in_a_weight_is_named(network: Denoiser) -> None:
    with torch.no_grad():
        network.encode.weight[3, 5] = float("nan")
    with pytest.raises(ExportError, match=r"encode\.weight holds 1 number") as raised:
        check_contract(as_streaming(network))
    assert raised.value.code == "weights_not_finite"


def without_a_layer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in weights.items() if name != "decode.bias"}


def with_another_layer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "extra.weight": torch.zeros(3)}


def in_integers(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "decode.bias": weights["decode.bias"].to(torch.int8)}


def of_another_size(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "decode.bias": torch.zeros(3)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without_a_layer, "it lacks decode.bias"),
        (with_another_layer, "it has unknown extra.weight"),
        (in_integers, r"decode\.bias is torch\.int8"),
        (of_another_size, r"decode\.bias is \[3\] and should be \[80\]"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_told_where(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], sentence: str, checkpoint: Path
) -> None:
    content = read_checkpoint(checkpoint)
    torch.save({**content, "averaged": change(content["averaged"])}, checkpoint)
    with pytest.raises(ExportError, match=sentence) as raised:
        load_trained(checkpoint)
    assert raised.value.code == "checkpoint_unusable"


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "truncated"), (b"hello", "truncated"), (b"PK\x03", "truncated")]
)
def test_a_file_that_is_no_checkpoint_is_told(content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "some.pt").write_bytes(content)
    with pytest.raises(ExportError, match=sentence):
        read_checkpoint(tmp_path / "some.pt")
    torch.save(Gain(), tmp_path / "some.pt")
    with pytest.raises(ExportError, match="holds Python objects"):
        read_checkpoint(tmp_path / "some.pt")


def test_weights_are_found_wherever_training_programs_keep_them(tmp_path: Path) -> None:
    trained = Gain()
    weights = trained.state_dict()
    parallel = {f"module.{name}": value for name, value in weights.items()}
    for content in (weights, {"state_dict": weights, "epoch": 3}, {"model": parallel}):
        torch.save(content, tmp_path / "some.pt")
        model = Gain()
        load_weights(model, read_checkpoint(tmp_path / "some.pt"), tmp_path / "some.pt")
        assert torch.equal(model.decide.weight, trained.decide.weight)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("nowhere", "is not MODULE:FACTORY"),
        ("no.such.module:make", "importable"),
        ("export.spec:nothing", "importable"),
        ("export.spec:WINDOWS", "not a function"),
        ("export.spec:AudioSpec", "has to be a torch.nn.Module"),
        ("torch.nn:Identity", "no attribute 'spec'"),
    ],
)
def test_a_factory_that_makes_no_model_is_named(reference: str, sentence: str) -> None:
    with pytest.raises(ExportError, match=sentence):
        make_model(reference, {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": "waves"},
        {"window": "kaiser"},
        {"hop_samples": 200},
        {"hop_samples": 0},
        {"window_samples": 256, "hop_samples": 256},
        {"frames": "samples"},
    ],
)
def test_facts_that_contradict_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ExportError) as raised:
        AudioSpec(**wrong)  # type: ignore[arg-type]
    assert raised.value.code == "contract_broken"


def test_a_truncated_file_is_called_damaged(tmp_path: Path) -> None:
    export_onnx(as_streaming(Gain()), tmp_path / "whole.onnx")
    content = (tmp_path / "whole.onnx").read_bytes()
    for share in (0.0, 0.3, 0.9):
        torn = tmp_path / "torn.onnx"
        torn.write_bytes(content[: int(share * len(content))])
        for reader in (read_facts, FrameRunner):
            with pytest.raises(ExportError, match="truncated") as raised:
                reader(torn)
            assert raised.value.code == "model_file_damaged"


def test_an_operator_that_onnxruntime_lacks_is_named() -> None:
    graph = helper.make_graph(
        [helper.make_node("Waffle", ["spectrum"], ["spectrum_out"], domain="com.nowhere")],
        "waffle",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["batch", 257, 2])],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", 257, 2])],
    )
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("com.nowhere", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=9)
    with pytest.raises(ExportError, match="Waffle") as raised:
        FrameRunner(onnx.ModelProto.SerializeToString(model))
    assert raised.value.code == "operator_unsupported"


def test_the_exported_graph_computes_what_the_module_does(tmp_path: Path) -> None:
    model = as_streaming(Gain())
    export_onnx(model, tmp_path / "gain.onnx")
    frames = np.random.default_rng(0).normal(size=(3, 5, 257, 2)).astype(np.float32)
    with torch.no_grad():
        expected, _ = model(torch.from_numpy(frames), [torch.zeros(3, 257)])
    assert np.allclose(FrameRunner(tmp_path / "gain.onnx").stream(frames), expected.numpy(), atol=1e-5)
