"""The worked examples, small and with random weights, go the whole way; what is not worth it is not written."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from edge_server.engine.model_file import load_model
from edge_server.errors import ModelMetadataWrongError
from export.__main__ import main
from export.examples.convolutional_recurrent import ConvolutionalRecurrent, ConvolutionalRecurrentConfig
from export.examples.dual_signal import DualSignal, DualSignalConfig, fourier
from export.factory import as_streaming
from export.forms import offline, one_by_one
from export.frames import to_frames, to_samples
from export.metadata import Names, read_facts


def small_dual_signal() -> DualSignal:
    return DualSignal(DualSignalConfig(hidden=12, layers=2, basis=24))


def small_dual_signal_for_the_box() -> DualSignal:
    return DualSignal(DualSignalConfig(hidden=12, layers=2, basis=24), frames="spectrum")


def small_convolutional_recurrent() -> ConvolutionalRecurrent:
    return ConvolutionalRecurrent(ConvolutionalRecurrentConfig(channels=(4, 6, 8, 8), layers=1))


EXAMPLES = [small_dual_signal, small_dual_signal_for_the_box, small_convolutional_recurrent]
FROM_HERE = "tests.export.examples.test_examples"


@pytest.mark.parametrize("factory", EXAMPLES)
def test_an_example_goes_the_whole_way(factory: object, data: Path, tmp_path: Path) -> None:
    name = factory.__name__  # type: ignore[attr-defined]
    torch.manual_seed(5)
    torch.save(factory().state_dict(), tmp_path / f"{name}.pt")  # type: ignore[operator]
    arguments = [
        "make",
        f"{FROM_HERE}:{name}",
        "--checkpoint",
        str(tmp_path / f"{name}.pt"),
        "--out",
        str(tmp_path / "out"),
    ]
    arguments += ["--audio", str(data / "valid"), "--pairs", str(data / "valid"), "--rounds", "3", "--force", "--json"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert made["written"]
    rungs = made["verification"]["rungs"]
    assert all(rung["difference"] <= rung["tolerance"] for rung in rungs)
    served = factory is not small_dual_signal
    assert any("server engine" in rung["name"] for rung in rungs) == served
    candidates = {candidate["form"]: candidate for candidate in made["quantization"]["candidates"]}
    assert ("int8-conv" in candidates) == (factory is small_convolutional_recurrent)
    assert all(candidate["batch_difference"] == 0 for candidate in candidates.values())
    assert len(made["verdict"]["speeds"]) == 3
    page = Path(made["report"]).read_text()
    # A colon is in no base64, so pictures and audio cannot look like an address.
    assert "://" not in page.replace("http://www.w3.org", "")
    for part in ("ladder of equalities", "data:image/png", "data:audio/flac", "What onnxruntime runs"):
        assert part in page
    check_files(Names(tmp_path / "out", name), served, made)


def check_files(names: Names, served: bool, made: dict[str, object]) -> None:
    facts = read_facts(names.shipped())
    assert facts["verdict"]["forced"] == (facts["verdict"]["outcome"] != "worth it")
    assert len(facts["checkpoint_sha256"]) == len(facts["calibration_sha256"]) == 64
    assert facts["tools"]["onnxruntime"]
    card = (names.folder / f"{names.name}.md").read_text()
    assert facts["checkpoint_sha256"] in card
    assert facts["verdict"]["outcome"] in card
    inspected = CliRunner().invoke(main, ["inspect", str(names.shipped()), "--json"])
    found = json.loads(inspected.stdout)
    assert found["operators"]["integer_macs_percent"] == made["verdict"]["integer_macs_percent"]  # type: ignore[index]
    if served:
        assert load_model(names.shipped()).facts.name == names.name
        assert inspected.exit_code == 0
    else:
        with pytest.raises(ModelMetadataWrongError, match="frames of samples"):
            load_model(names.shipped())
        assert inspected.exit_code == 1
        assert "spectra only" in found["refused"]


def test_a_bad_verdict_writes_the_report_and_nothing_else(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    torch.save(small_dual_signal_for_the_box().state_dict(), tmp_path / "poor.pt")
    factory = f"{FROM_HERE}:small_dual_signal_for_the_box"
    arguments = [
        "make",
        factory,
        "--checkpoint",
        str(tmp_path / "poor.pt"),
        "--out",
        str(tmp_path / "out"),
        "--rounds",
        "3",
    ]
    done = CliRunner().invoke(main, [*arguments, "--audio", str(data / "valid"), "--form", "weights8"])
    if done.exit_code == 0:
        pytest.skip("this machine runs even the smallest network faster with 8-bit weights")
    assert done.exit_code == 3
    assert "not worth it, keep fp32" in done.output
    assert "--force" in done.output
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["poor.report", "report.html", "report.json"]


@pytest.mark.parametrize("factory", EXAMPLES)
def test_whole_and_frame_by_frame_are_the_same(factory: object) -> None:
    torch.manual_seed(5)
    model = as_streaming(factory())  # type: ignore[operator]
    frames = 0.1 * np.random.default_rng(0).normal(size=(2, 20, *model.spec.frame_shape)).astype(np.float32)
    assert np.allclose(offline(model, frames), one_by_one(model, frames), atol=1e-5)


def test_blocks_that_are_masked_with_ones_come_back_late_by_what_the_spec_says() -> None:
    """With both masks open and a basis that is the samples themselves, only the overlapping blocks are left."""
    model = DualSignal(DualSignalConfig(hidden=4, layers=1, basis=512))
    with torch.no_grad():
        for mask in (model.first, model.second):
            mask.decide.weight.zero_()
            mask.decide.bias.fill_(40.0)
        model.encode.weight.copy_(torch.eye(512))
        model.decode.weight.copy_(torch.eye(512) / 4)
    samples = np.random.default_rng(0).normal(size=(1, 128 * 30)).astype(np.float32)
    cleaned = to_samples(offline(as_streaming(model), to_frames(samples, model.spec)), model.spec)
    delay = model.spec.delay_samples
    assert np.allclose(cleaned[:, delay + 384 :], samples[:, 384:-delay], atol=1e-4)


def test_the_fourier_matrices_are_the_transform() -> None:
    block = torch.randn(3, 512)
    forward, inverse = fourier(512)
    assert torch.allclose(block @ forward, torch.view_as_real(torch.fft.rfft(block)).flatten(1), atol=1e-3)
    assert torch.allclose(block @ forward @ inverse, block, atol=1e-4)
