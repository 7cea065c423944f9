"""A network goes the whole way from checkpoint to a served int8 file, and every rung of the ladder can break."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from onnx import numpy_helper

from edge_server.engine.model_file import find_default_model, load_model
from export.errors import AudioError, CalibrationError, EqualityError, ModelFileError, QuantizationError
from export.forms import drift_db
from export.graph.layers import find_layers
from export.graph.operators import count_operators
from export.integers.calibrate import calibrate
from export.integers.target import TARGETS
from export.integers.weights import Range, activation_scale, quantize_product
from export.make import split_audio
from export.metadata import Names, read_facts, several_path, write_manifest
from export.pipeline import Choice, export_fp32, quantize_int8, read_recordings, verify_files
from export.verify import DRIFT_TOLERANCE_DB, WANDER_TOLERANCE_DB
from tests.export.conftest import small_network, write_checkpoint

PRODUCTS = 2 + 2 * (4 + 4 + 2)
"""Encoder and decoder, and in each of two blocks a GRU with two joined gates, one with none, and their mixing layers."""


@pytest.fixture(scope="module")
def original(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small network's checkpoint and, in `models`, its files, exported and quantized."""
    folder = tmp_path_factory.mktemp("original")
    names = Names(folder / "models", "small")
    export_fp32(write_checkpoint(small_network(), folder), names)
    quantize_int8(names, read_recordings(data / "valid", 16000))
    return folder


@pytest.fixture
def checkpoint(original: Path, tmp_path: Path) -> Path:
    """The checkpoint, for one test."""
    return Path(shutil.copy(original / "small.pt", tmp_path))


@pytest.fixture
def made(original: Path, tmp_path: Path) -> Names:
    """The files, for one test."""
    return Names(shutil.copytree(original / "models", tmp_path / "models"), "small")


def test_the_whole_ladder_holds(made: Names, checkpoint: Path, data: Path) -> None:
    verification = verify_files(checkpoint, made, data / "valid")
    assert len(verification.rungs) == 10
    assert all(rung.holds for rung in verification.rungs)
    assert verification.operators.integer_macs_percent == 100.0
    assert verification.operators.integer == PRODUCTS
    assert verification.operators.float == 0
    assert load_model(made.int8).facts.name == "small"


def test_a_changed_float_graph_breaks_the_ladder(made: Names, checkpoint: Path, data: Path) -> None:
    model = onnx.load(made.fp32)
    bias = next(item for item in model.graph.initializer if item.name.endswith("decode.bias"))
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.01), bias.name))
    onnx.save(model, made.fp32)
    with pytest.raises(EqualityError, match="ONNX fp32"):
        verify_files(checkpoint, made, data / "valid")


def test_wrong_weight_scales_break_the_ladder(made: Names, checkpoint: Path, data: Path) -> None:
    model = onnx.load(made.int8)
    for item in model.graph.initializer:
        if item.name.endswith("int8.scale"):
            item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item) * np.float32(30), item.name))
    onnx.save(model, made.int8)
    manifest_keeps_up(made)
    with pytest.raises(EqualityError, match="int8 = fp32"):
        verify_files(checkpoint, made, data / "valid")


def test_a_file_whose_products_run_in_float_is_not_called_int8(made: Names, checkpoint: Path, data: Path) -> None:
    made.int8.write_bytes(made.fp32.read_bytes())
    several_path(made.int8).unlink()
    manifest_keeps_up(made)
    with pytest.raises(QuantizationError, match=f"0 of {PRODUCTS}"):
        verify_files(checkpoint, made, data / "valid")


def test_a_row_that_hears_its_neighbours_breaks_the_ladder(made: Names, checkpoint: Path, data: Path) -> None:
    """Scale the output by the loudest row of the batch: what a dynamic quantization scale does to sessions."""
    model = onnx.load(made.int8)
    spectrum = next(node for node in model.graph.node if "spectrum_out" in node.output)
    spectrum.output[0] = "alone"
    model.graph.initializer.append(numpy_helper.from_array(np.array([0], dtype=np.int64), "batch_axis"))
    model.graph.initializer.append(numpy_helper.from_array(np.array(1e-12, dtype=np.float32), "little"))
    model.graph.node.extend(
        [
            onnx.helper.make_node("ReduceMax", ["alone", "batch_axis"], ["loudest"], keepdims=1),
            onnx.helper.make_node("Mul", ["loudest", "little"], ["leak"]),
            onnx.helper.make_node("Add", ["alone", "leak"], ["spectrum_out"]),
        ]
    )
    onnx.save(model, made.int8)
    manifest_keeps_up(made)
    with pytest.raises(EqualityError, match="alone = batched"):
        verify_files(checkpoint, made, data / "valid")


def test_an_error_that_grows_is_drift_and_one_that_wanders_is_none() -> None:
    rng = np.random.default_rng(0)
    heard, error = (np.tile(rng.normal(size=(3, 1000)), (1, 12)).astype(np.float32) for _ in range(2))
    growing = np.repeat(1 + 0.05 * np.arange(12), 1000)
    wandering = np.ones((3, 12000))
    wandering[1, 9000:] = 2.0

    def drift(size: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float]:
        return drift_db((heard + 0.01 * size * error).astype(np.float32), heard, 12)

    assert drift(np.ones((3, 1))) == pytest.approx((0.0, 0.0), abs=0.01)
    assert drift(wandering) == pytest.approx((0.0, 20 * np.log10(2)), abs=0.01)
    assert drift(growing)[0] > DRIFT_TOLERANCE_DB
    assert drift(wandering**2)[1] > WANDER_TOLERANCE_DB


def test_quantizing_again_forgets_the_proofs(made: Names, checkpoint: Path, data: Path) -> None:
    verify_files(checkpoint, made, data / "valid")
    assert "verification" in json.loads(made.manifest.read_text())
    quantize_int8(made, read_recordings(data / "valid", 16000))
    assert "verification" not in json.loads(made.manifest.read_text())


def test_the_first_model_of_a_folder_stays_its_default(made: Names, checkpoint: Path, data: Path) -> None:
    second = Names(made.folder, "another")
    export_fp32(checkpoint, second)
    quantize_int8(second, read_recordings(data / "valid", 16000))
    assert find_default_model(made.folder) == made.int8


def test_files_of_another_checkpoint_are_refused(made: Names, checkpoint: Path, data: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes() + b" ")
    with pytest.raises(ModelFileError, match="was not made from"):
        verify_files(checkpoint, made, data / "valid")


def test_every_product_of_the_float_graph_is_found(made: Names) -> None:
    products = find_layers(onnx.load(made.fp32).graph)
    assert len({product.name for product in products}) == PRODUCTS
    assert {product.weight.shape[1] for product in products} >= {80, 16, 8}
    assert count_operators(made.fp32).float == PRODUCTS


def test_the_exported_file_holds_its_facts_and_no_paths(made: Names) -> None:
    facts = read_facts(made.int8)
    assert facts["states"][0] == {"name": "level", "shape": [2]}
    assert facts["checkpoint_sha256"]
    content = made.int8.read_bytes()
    assert b"/export/" not in content
    assert b"site-packages" not in content


def test_silent_calibration_is_refused(made: Names, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="empty or silent"):
        calibrate(onnx.load(made.fp32), np.zeros((1, 10, 257, 2), dtype=np.float32), {})
    with pytest.raises(AudioError, match="no audio files"):
        read_recordings(tmp_path, 16000)
    soundfile.write(tmp_path / "short.wav", np.ones(16000) * 0.1, 16000)
    with pytest.raises(CalibrationError, match="less than 10 s"):
        read_recordings(tmp_path, 16000)


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no model"):
        read_facts(tmp_path / "missing.onnx")
    (tmp_path / "torn.onnx").write_bytes(b"\x08\x07torn")
    with pytest.raises(ModelFileError):
        read_facts(tmp_path / "torn.onnx")


@pytest.mark.parametrize("target", list(TARGETS))
def test_quantized_weights_are_within_half_a_step(target: str) -> None:
    weight = np.random.default_rng(0).normal(size=(30, 7)).astype(np.float32)
    integers, scale = quantize_product(weight, np.float32(0.01), TARGETS[target])
    assert (np.abs(integers * scale - weight) <= scale * 0.5001).all()
    assert (np.abs(integers).max(axis=0) > 31).all()


@pytest.mark.parametrize("seen", [Range(-1.0, 1.0), Range(0.0, 6.0), Range(-3.0, 0.0), Range(0.2, 5.0)])
def test_zero_is_an_exact_activation(seen: Range) -> None:
    scale, zero = activation_scale(seen)
    assert 0 <= zero <= 255
    assert -float(zero) * scale <= seen.low + scale
    assert (255 - float(zero)) * scale >= seen.high - scale


def manifest_keeps_up(names: Names) -> None:
    """Write the manifest again, so that only the audio can tell that the file was changed."""
    products = json.loads(names.manifest.read_text())["quantized_products"]
    write_manifest(names, read_facts(names.fp32), {"quantized_products": products})


def test_other_json_beside_the_models_is_let_be(made: Names) -> None:
    (made.folder / "notes.json").write_text("[1, 2]")
    (made.folder / "broken.json").write_text("// not JSON")
    manifest = write_manifest(made, read_facts(made.int8), {})
    assert manifest["default"]


def test_the_audio_that_errors_are_measured_on_was_not_fitted_to() -> None:
    noisy = np.arange(25 * 100, dtype=np.float32)
    learned, heard = split_audio(noisy, 100)
    assert (len(learned), len(heard)) == (1500, 1000)
    assert learned[-1] < heard[0]
    # Too short for both.
    assert [len(part) for part in split_audio(noisy[:1200], 100)] == [1200, 1000]


def test_a_file_that_this_machine_cannot_measure_is_not_made(
    checkpoint: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(tmp_path / "models", "small")
    export_fp32(checkpoint, names)
    monkeypatch.setattr("export.integers.target.this_machine", lambda: "avx2")
    with pytest.raises(QuantizationError, match="--target auto"):
        quantize_int8(names, read_recordings(data / "valid", 16000), Choice(target="arm64"))
