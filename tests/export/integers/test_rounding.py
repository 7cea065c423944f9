"""Weights rounded for what an output is on audio, and activations made even: closer, never saturating."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from export.forms import error_db
from export.graph.layers import find_layers
from export.integers.calibrate import calibrate
from export.integers.calibration import Calibration
from export.integers.evening import evening_factors
from export.integers.quantize import INT8, quantize
from export.integers.rounding import round_for_output, round_to_nearest
from export.integers.target import TARGETS
from export.integers.weights import Range, largest_pairs
from export.runtime import FrameRunner

INPUTS, OUTPUTS = 48, 20


def correlated(rng: np.random.Generator, rows: int = 2000) -> np.ndarray:
    """Activations as networks have them: a few causes, heard by many channels."""
    causes = rng.normal(size=(rows, 8))
    heard = causes @ rng.normal(size=(8, INPUTS)) + 0.1 * rng.normal(size=(rows, INPUTS))
    return heard.astype(np.float32)


def test_outputs_on_other_rows_change_less_than_with_the_nearest_integers() -> None:
    rng = np.random.default_rng(5)
    rows = correlated(rng)
    weight = rng.normal(size=(INPUTS, OUTPUTS)).astype(np.float32)
    scale = np.full(OUTPUTS, 0.05, np.float32)
    seen, unseen = rows[:1000], rows[1000:]
    moments = (seen.T @ seen).astype(np.float64) / len(seen)
    errors = [
        error_db(unseen @ (integers * scale), unseen @ weight)
        for integers in (
            round_to_nearest(weight, scale),
            round_for_output(weight, scale, moments, TARGETS["auto"]),
        )
    ]
    assert errors[1] < errors[0] - 6


def test_without_any_activation_the_nearest_integers_are_taken() -> None:
    weight, scale = np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3), np.full(3, 0.01, np.float32)
    rounded = round_for_output(weight, scale, np.zeros((4, 4)), TARGETS["auto"])
    np.testing.assert_array_equal(rounded, round_to_nearest(weight, scale))


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(TARGETS)))
def test_no_pair_of_rounded_weights_saturates(seed: int, target: str) -> None:
    rng = np.random.default_rng(seed)
    weight = (rng.normal(size=(INPUTS, OUTPUTS)) ** 3).astype(np.float32)
    rows = correlated(rng, 60) * rng.uniform(0.01, 5, INPUTS)
    # The finest scale that is allowed at all: the one that quantize takes is nearly always coarser.
    finest = (np.maximum(np.abs(weight).max(axis=0), largest_pairs(weight)) / 127).astype(np.float32)
    integers = round_for_output(weight, finest, (rows.T @ rows).astype(np.float64), TARGETS[target])
    assert np.abs(integers.astype(int)).max() <= 127
    if TARGETS[target].adds_in_16_bits:
        assert largest_pairs(integers.astype(np.float32)).max() <= 127


def uneven_graph(weight: np.ndarray) -> onnx.ModelProto:
    """A product that hears its input as it is."""
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Identity", ["spectrum_in"], ["heard"]),
                helper.make_node("MatMul", ["heard", "weight"], ["spectrum_out"]),
            ],
            "uneven",
            [helper.make_tensor_value_info("spectrum_in", TensorProto.FLOAT, ["batch", INPUTS])],
            [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", OUTPUTS])],
            [numpy_helper.from_array(weight, "weight")],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )


def test_one_loud_channel_takes_no_precision_from_the_others() -> None:
    rng = np.random.default_rng(6)
    sizes = np.ones(INPUTS, np.float32)
    sizes[7] = 30.0
    weight = (rng.normal(size=(INPUTS, OUTPUTS)) / sizes[:, None]).astype(np.float32)
    frames = (rng.uniform(-1, 1, (8, 100, INPUTS)) * sizes).astype(np.float32)
    model = uneven_graph(weight)
    (layer,) = find_layers(model.graph)
    found = calibrate(model, frames, {})
    whole = Calibration({"heard": Range(float(frames.min()), float(frames.max()))})
    expected = FrameRunner(model.SerializeToString()).run({"spectrum_in": frames[:, 0]})["spectrum_out"]
    errors = []
    for calibration in (whole, found):
        integers = quantize(model, {layer.name: INT8}, calibration, TARGETS["auto"])
        out = FrameRunner(integers.SerializeToString()).run({"spectrum_in": frames[:, 0]})["spectrum_out"]
        errors.append(error_db(out, expected))
    assert errors[1] < errors[0] - 10


def test_even_channels_are_left_alone() -> None:
    assert evening_factors(np.full(8, 3.0, np.float32), np.ones(8, np.float32)) is None
    assert evening_factors(np.zeros(8, np.float32), np.ones(8, np.float32)) is None


def test_factors_are_finite_for_channels_and_weights_that_are_nothing() -> None:
    channels, weights = np.zeros(8, np.float32), np.zeros(8, np.float32)
    channels[0] = 5.0
    factors = evening_factors(channels, weights)
    assert factors is not None
    assert np.isfinite(1 / factors).all()
    assert factors.max() == pytest.approx(1.0)
