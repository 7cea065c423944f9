"""Processors with AVX2 but no VNNI add pairs of terms in 16 bits; files for them cannot saturate, whatever is fed to them."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from export.graph.layers import find_layers
from export.integers.calibration import Calibration
from export.integers.quantize import INT8, quantize
from export.integers.saturation import can_saturate, product_in_16_bits, saturating_layers, worst_activations
from export.integers.target import TARGETS
from export.integers.weights import Range, activation_scale, quantize_kernel, quantize_product
from export.runtime import FrameRunner


def hostile_weight() -> np.ndarray:
    """Neighbours that are both as large as any weight, of either sign, and a row too many for whole pairs."""
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(63, 16)).astype(np.float32)
    weight[10:12, 3], weight[20:22, 4] = 5.0, -5.0
    return weight


@pytest.mark.parametrize("target", ["auto", "avx2"])
def test_the_worst_case_is_exact_where_the_target_adds_in_16_bits(target: str) -> None:
    integers, _ = quantize_product(hostile_weight(), np.float32(0.01), TARGETS[target])
    activations = worst_activations(integers)
    exact = activations.astype(np.int32) @ integers.astype(np.int32)
    assert np.array_equal(product_in_16_bits(activations, integers), exact)
    assert not can_saturate(integers)


@pytest.mark.parametrize("target", ["arm64", "avx512_vnni"])
def test_the_worst_case_is_wrong_there_for_other_targets(target: str) -> None:
    integers, _ = quantize_product(hostile_weight(), np.float32(0.01), TARGETS[target])
    activations = worst_activations(integers)
    exact = activations.astype(np.int32) @ integers.astype(np.int32)
    assert not np.array_equal(product_in_16_bits(activations, integers), exact)
    assert can_saturate(integers)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.1, 30.0))
def test_no_weights_saturate_on_avx2(seed: int, inputs: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    weight = (rng.standard_t(3, size=(inputs, 5)) * spread).astype(np.float32)
    scale, _ = activation_scale(Range(-1.0, rng.uniform(0.1, 9.0)))
    integers, scales = quantize_product(weight, scale, TARGETS["avx2"])
    assert not can_saturate(integers)
    assert (np.abs(integers * scales - weight) <= scales * 0.5001).all()
    # What makes every processor round alike: both scales together are a power of two, exactly.
    assert (np.frexp(scale * scales)[0] == 0.5).all()


def test_kernels_hold_for_any_two_neighbours() -> None:
    kernel = np.random.default_rng(0).normal(size=(8, 4, 2, 3)).astype(np.float32)
    integers, _ = quantize_kernel(kernel, TARGETS["avx2"])
    assert 2 * np.abs(integers.astype(int)).max() * 255 <= 32767
    integers, _ = quantize_kernel(kernel, TARGETS["arm64"])
    assert np.abs(integers.astype(int)).max() == 127


def test_a_kernel_that_is_next_to_nothing_leaves_room_for_its_bias() -> None:
    kernel = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32)
    kernel[1] *= 1e-9
    integers, scales = quantize_kernel(kernel, TARGETS["auto"], np.array([1e-8, 1e-4], np.float32))
    assert scales[1] == np.float32(1e-4)
    assert not integers[1].any()
    assert integers[0].any()


def product_graph(weight: np.ndarray) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["spectrum", "weight"], ["spectrum_out"])],
        "product",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["batch", len(weight)])],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", weight.shape[1]])],
        [numpy_helper.from_array(weight, "weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize(("target", "found"), [("auto", []), ("avx512_vnni", ["weight"])])
def test_a_file_is_searched_for_layers_that_saturate(target: str, found: list[str]) -> None:
    model = product_graph(hostile_weight())
    ranges = {"spectrum": Range(0.0, 1.0)}
    assert saturating_layers(quantize(model, {"weight": INT8}, Calibration(ranges), TARGETS[target])) == found


def test_onnxruntime_gives_the_exact_sums_in_the_worst_case() -> None:
    model = product_graph(hostile_weight())
    (layer,) = find_layers(model.graph)
    scale, zero = activation_scale(Range(0.0, 1.0))
    assert zero == 0
    integers, scales = quantize_product(layer.weight, scale, TARGETS["auto"])
    activations = worst_activations(integers)
    runner = FrameRunner(
        quantize(
            model, {"weight": INT8}, Calibration({"spectrum": Range(0.0, 1.0)}), TARGETS["auto"]
        ).SerializeToString()
    )
    got = runner.run({"spectrum": activations.astype(np.float32) * scale})["spectrum_out"]
    exact = (activations.astype(np.int64) @ integers.astype(np.int64)).astype(np.float32) * (scale * scales)
    assert np.array_equal(got, exact)
