"""Checkpoints, factories, facts and graphs that cannot be used are told as what they are."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor

from export.checkpoint import load_weights, read_checkpoint
from export.contract import check_contract
from export.errors import ExportError
from export.factory import as_streaming, make_model
from export.graph.to_onnx import export_onnx
from export.metadata import read_facts
from export.model import Denoiser
from export.pipeline import load_trained
from export.runtime import FrameRunner
from export.spec import AudioSpec
from tests.export.gain import Gain


def without_a_layer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in weights.items() if name != "decode.bias"}


def with_another_layer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "extra.weight": torch.zeros(3)}


def in_integers(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "decode.bias": weights["decode.bias"].to(torch.int8)}


def of_another_size(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**weights, "decode.bias": torch.zeros(3)}


def test_nan_in_a_weight_is_named(network: Denoiser) -> None:
    with torch.no_grad():
        network.encode.weight[3, 5] = float("nan")
    with pytest.raises(ExportError, match=r"encode\.weight holds 1 number") as raised:
        check_contract(as_streaming(network))
    assert raised.value.code == "weights_not_finite"


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
