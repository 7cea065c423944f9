"""Which layers stay float, and which form is taken, follows from measurements."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.bench import Speed
from export.errors import ExportError, QuantizationError
from export.forms import error_db
from export.graph.layers import find_layers
from export.graph.operators import count_operators
from export.integers.calibrate import calibrate
from export.integers.calibration import Calibration
from export.integers.candidates import INT8_CONVOLUTIONS, Candidate, build_candidates, choose
from export.integers.floats import explain_floats
from export.integers.quantize import INT8, WEIGHTS4, WEIGHTS8, quantize
from export.integers.saturation import saturating_layers
from export.integers.sensitivity import ALLOWED_ERROR_DB, Workbench, choose_layers, measure_layers
from export.integers.target import TARGETS
from export.runtime import FrameRunner

WIDTH = 32


def fragile_graph(spike: float) -> onnx.ModelProto:
    """Two products in a row; what the second hears has one value that is `spike` times the others and is thrown away."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(WIDTH, WIDTH)).astype(np.float32) / np.sqrt(WIDTH, dtype=np.float32)
    first[:, 0] *= spike
    second = rng.normal(size=(WIDTH, WIDTH)).astype(np.float32) / np.sqrt(WIDTH, dtype=np.float32)
    second[0] = 0.0
    nodes = [
        helper.make_node("MatMul", ["spectrum", "first.weight"], ["middle"]),
        helper.make_node("MatMul", ["middle", "second.weight"], ["spectrum_out"]),
    ]
    row = ["batch", WIDTH]
    graph = helper.make_graph(
        nodes,
        "fragile",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, row)],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, row)],
        [numpy_helper.from_array(first, "first.weight"), numpy_helper.from_array(second, "second.weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(1).normal(size=(2, 100, *shape)).astype(np.float32)


def workbench(model: onnx.ModelProto, shape: tuple[int, ...] = (WIDTH,)) -> Workbench:
    frames = noise(shape)
    return Workbench.make(model, calibrate(model, frames, {}), frames, TARGETS["auto"])


def test_a_layer_that_hurts_stays_float_and_the_others_do_not() -> None:
    bench = workbench(fragile_graph(spike=100_000.0))
    reports = choose_layers(bench, measure_layers(bench, find_layers(bench.model.graph)))
    assert [(report.name, report.form) for report in reports] == [("second", "float"), ("first", "int8")]
    assert reports[0].sqnr_db < 10 < reports[1].sqnr_db
    assert "alone it costs" in reports[0].reason
    assert bench.error_db({"first": INT8}) <= ALLOWED_ERROR_DB < bench.error_db({"first": INT8, "second": INT8})


def test_no_layer_stays_float_where_none_hurts() -> None:
    bench = workbench(fragile_graph(spike=1.0))
    reports = choose_layers(bench, measure_layers(bench, find_layers(bench.model.graph)))
    assert {report.form for report in reports} == {"int8"}


def test_the_share_of_the_work_in_integers_comes_from_the_optimised_graph() -> None:
    bench = workbench(fragile_graph(spike=1.0))
    half = count_operators(bench.build({"first": INT8}))
    assert (half.integer, half.float, half.integer_macs_percent) == (1, 1, 50.0)
    assert half.macs == 2 * WIDTH * WIDTH
    weights = count_operators(bench.build({"first": WEIGHTS8, "second": WEIGHTS4}))
    assert (weights.integer, weights.weight_only, weights.integer_macs_percent) == (0, 2, 0.0)


@pytest.mark.parametrize(("form", "most_db"), [(INT8, -30.0), (WEIGHTS8, -38.0), (WEIGHTS4, -16.0)])
def test_every_form_computes_the_product(form: str, most_db: float) -> None:
    bench = workbench(fragile_graph(spike=1.0))
    assert bench.error_db({"first": form, "second": form}) < most_db


def convolution_graph(channels: int = 2) -> onnx.ModelProto:
    rng = np.random.default_rng(2)
    kernel, bias = rng.normal(size=(8, channels, 1, 3)).astype(np.float32), rng.normal(size=8).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["spectrum", "conv.weight", "conv.bias"], ["heard"], pads=[0, 1, 0, 1]),
        helper.make_node("MatMul", ["heard", "mix.weight"], ["spectrum_out"]),
    ]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["batch", channels, 4, WIDTH])],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", 8, 4, WIDTH])],
        [
            numpy_helper.from_array(kernel, "conv.weight"),
            numpy_helper.from_array(bias, "conv.bias"),
            numpy_helper.from_array(rng.normal(size=(WIDTH, WIDTH)).astype(np.float32), "mix.weight"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_convolutions_run_in_integers_too() -> None:
    model = convolution_graph()
    frames = np.random.default_rng(1).normal(size=(2, 50, 2, 4, WIDTH)).astype(np.float32)
    calibration = calibrate(model, frames, {})
    integers = quantize(model, {"conv": INT8, "mix": INT8}, calibration, TARGETS["auto"])
    operators = count_operators(integers.SerializeToString())
    assert (operators.integer, operators.float, operators.integer_macs_percent) == (2, 0, 100.0)
    assert operators.macs == 8 * 4 * WIDTH * 2 * 3 + 8 * 4 * WIDTH * WIDTH


def test_what_a_convolution_gives_keeps_its_own_scale_however_uneven() -> None:
    model = convolution_graph(8)
    frames = np.random.default_rng(1).normal(size=(2, 50, 8, 4, WIDTH)).astype(np.float32)
    frames[..., 3:6] *= 12
    calibration = calibrate(model, frames, {})
    integers = quantize(model, {"conv": INT8, "mix": INT8}, calibration, TARGETS["auto"])
    outputs = [FrameRunner(it.SerializeToString()).stream(frames) for it in (integers, model)]
    assert "heard" not in calibration.factors
    assert error_db(*outputs) < -25


def grouped_graph() -> onnx.ModelProto:
    """A layer for each of four groups, as a grouped linear layer or an Einstein sum leaves it."""
    weight = np.random.default_rng(3).normal(size=(4, WIDTH, WIDTH)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["spectrum", "groups.weight"], ["spectrum_out"])],
        "grouped",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["batch", 4, 1, WIDTH])],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", 4, 1, WIDTH])],
        [numpy_helper.from_array(weight, "groups.weight")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def test_grouped_products_run_in_integers_and_cannot_saturate() -> None:
    (candidate,) = build_candidates(workbench(grouped_graph(), (4, 1, WIDTH)), (INT8, WEIGHTS8))
    operators = count_operators(candidate.model)
    assert (operators.integer, operators.integer_macs_percent) == (1, 100.0)
    assert candidate.error_db < -30
    assert candidate.batch_difference == 0
    assert saturating_layers(onnx.load_from_string(candidate.model)) == []


def test_what_stays_float_says_why() -> None:
    candidates = tuple(build_candidates(workbench(convolution_graph(8), (8, 4, WIDTH)), (INT8, INT8_CONVOLUTIONS)))
    products, convolutions = candidates
    explained = explain_floats(count_operators(products.model), products, candidates)
    assert [item.reason for item in explained.products if item.arithmetic == "float"] == [
        "int8-conv was measured: 1.00 times as fast as int8, 1.1 is needed"
    ]
    explained = explain_floats(count_operators(products.model), products, (products,))
    assert "was not asked for" in "".join(item.reason for item in explained.products)
    explained = explain_floats(count_operators(convolutions.model), convolutions, candidates)
    assert {item.reason for item in explained.products} == {""}


def test_numbers_that_break_and_bounds_that_lie_are_found() -> None:
    model = fragile_graph(1.0)
    frames = noise((WIDTH,))
    with pytest.raises(ExportError, match="becomes NaN or infinite") as raised:
        calibrate(fragile_graph(float("inf")), frames, {})
    assert raised.value.code == "output_not_finite"
    for node in model.graph.node:
        node.input[:] = [name.replace("spectrum", "state_in_level") for name in node.input]
    model.graph.node.append(helper.make_node("Identity", ["spectrum"], ["state_out_level"]))
    row = ["batch", WIDTH]
    model.graph.input.append(helper.make_tensor_value_info("state_in_level", TensorProto.FLOAT, row))
    model.graph.output.append(helper.make_tensor_value_info("state_out_level", TensorProto.FLOAT, row))
    calibrate(model, frames, {"level": 10.0})
    with pytest.raises(ExportError, match="state_in_level reaches") as raised:
        calibrate(model, frames, {"level": 1.0})
    assert raised.value.code == "contract_broken"


def test_a_layer_that_is_not_there_is_named() -> None:
    with pytest.raises(QuantizationError, match="no layers named third"):
        quantize(fragile_graph(1.0), {"third": INT8}, Calibration({}), TARGETS["auto"])


def test_a_model_without_products_is_refused() -> None:
    row = ["batch", WIDTH]
    graph = helper.make_graph(
        [helper.make_node("Abs", ["spectrum"], ["spectrum_out"])],
        "empty",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, row)],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, row)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    with pytest.raises(QuantizationError, match="keep fp32"):
        build_candidates(workbench(model), (INT8, INT8_CONVOLUTIONS, WEIGHTS8))


def candidate(form: str, ratio: float, error_db: float = -40.0, difference: float = 0.0) -> Candidate:
    return Candidate(form, (), b"", error_db, difference, (Speed(8, ratio, 1.0, ratio, ratio, ratio),))


def test_the_fastest_sound_form_is_taken() -> None:
    static, weights = candidate(INT8, 2.0), candidate(WEIGHTS8, 3.0)
    assert choose([static, weights]) is weights
    assert choose([static, replace(weights, error_db=-10.0)]) is static
    assert choose([static, replace(weights, batch_difference=1e-7)]) is static
    assert choose([static, candidate(WEIGHTS8, 2.1)]) is static
    assert choose([candidate(INT8, 2.0, error_db=0.0), candidate(WEIGHTS4, 1.0)]).form == WEIGHTS4


def test_a_product_that_adds_an_activation_is_no_layer() -> None:
    weight = numpy_helper.from_array(np.eye(4, dtype=np.float32), "weight")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 4]) for name in ("x", "y", "added")]
    for inputs, attributes in ((["x", "weight", "y"], {}), (["x", "weight"], {"transA": 1})):
        node = helper.make_node("Gemm", inputs, ["added"], **attributes)
        graph = helper.make_graph([node], "sum", values[:2], values[2:], [weight])
        assert find_layers(graph) == []
