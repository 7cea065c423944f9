"""A product over several tensors beside each other: each keeps a scale of its own."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from export.forms import error_db
from export.graph.layers import Part, find_layers
from export.integers.calibration import Calibration
from export.integers.quantize import INT8, quantize
from export.integers.sensitivity import Workbench, layer_sqnr_db
from export.integers.target import TARGETS
from export.integers.weights import JOINED_ZERO, Range, activation_scale, quantize_joined
from export.runtime import FrameRunner

WIDE, NARROW = Range(-40.0, 10.0), Range(-0.5, 0.5)


def joined_model(axis: int = -1) -> onnx.ModelProto:
    """A product with bias over a tensor of large values and one of small values, both of which matter."""
    rng = np.random.default_rng(3)
    weight = np.concatenate([rng.normal(size=(24, 16)) / 40, rng.normal(size=(40, 16))]).astype(np.float32)
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Concat", ["wide", "narrow"], ["both"], axis=axis),
                helper.make_node("Gemm", ["both", "weight", "bias"], ["out"]),
            ],
            "joined",
            [
                helper.make_tensor_value_info("wide", TensorProto.FLOAT, ["batch", 24]),
                helper.make_tensor_value_info("narrow", TensorProto.FLOAT, ["batch", 40]),
            ],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, ["batch", 16])],
            [
                numpy_helper.from_array(weight, "weight"),
                numpy_helper.from_array(rng.normal(size=16).astype(np.float32), "bias"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=9,
    )


def feeds() -> dict[str, np.ndarray]:
    """Values that fill their ranges."""
    rng = np.random.default_rng(4)
    return {
        "wide": rng.uniform(WIDE.low, WIDE.high, (50, 24)).astype(np.float32),
        "narrow": rng.uniform(NARROW.low, NARROW.high, (50, 40)).astype(np.float32),
    }


def in_integers(model: onnx.ModelProto, ranges: dict[str, Range]) -> onnx.ModelProto:
    """The model with its one layer in integers."""
    (layer,) = find_layers(model.graph)
    return quantize(model, {layer.name: INT8}, Calibration(ranges), TARGETS["avx512_vnni"])


def output_error_db(integers: onnx.ModelProto) -> float:
    """The error of the integers against the float model."""
    expected = FrameRunner(joined_model().SerializeToString()).run(feeds())["out"]
    return error_db(FrameRunner(integers.SerializeToString()).run(feeds())["out"], expected)


def test_each_part_keeps_its_own_scale() -> None:
    (layer,) = find_layers(joined_model().graph)
    assert layer.parts == (Part("wide", 24), Part("narrow", 40))
    apart = in_integers(joined_model(), {"wide": WIDE, "narrow": NARROW})
    assert [node.op_type for node in apart.graph.node] == [
        "QuantizeLinear",
        "QuantizeLinear",
        "Concat",
        "MatMulIntegerToFloat",
    ]
    together = in_integers(joined_model(axis=1), {"both": WIDE})
    assert output_error_db(apart) < min(-35.0, output_error_db(together) - 10)


def test_a_tensor_beside_itself_is_measured_like_any_other() -> None:
    model = joined_model()
    model.graph.node[0].input[:] = ["narrow", "narrow"]
    del model.graph.input[0]
    weight = numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.concatenate([weight[24:], weight[24:]]), "weight"))
    (layer,) = find_layers(model.graph)
    narrow = feeds()["narrow"]
    calibration = Calibration({"narrow": NARROW}, {"narrow": narrow})
    bench = Workbench(model, calibration, narrow[None], narrow[None], TARGETS["avx512_vnni"])
    assert layer_sqnr_db(bench, layer) > 35


def test_a_part_of_unknown_size_leaves_the_activation_whole() -> None:
    model = joined_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "size"
    (layer,) = find_layers(model.graph)
    assert layer.parts == ()


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(TARGETS)))
def test_zeros_of_the_parts_are_made_up_for_exactly(seed: int, target: str) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.normal(size=(9, 4)).astype(np.float32)
    parts = [activation_scale(Range(-rng.uniform(0, 9), rng.uniform(0.1, 9))) for _ in range(9)]
    scales, zeros = (np.array(values) for values in zip(*parts, strict=True))
    integers, scale, offset = quantize_joined(weight, scales, zeros, TARGETS[target])
    activation = rng.integers(0, 256, (20, 9))
    with_own_zeros = (activation - zeros.astype(int)) @ integers.astype(int) * scale
    with_one_zero = (activation - int(JOINED_ZERO)) @ integers.astype(int) * scale + offset
    assert with_one_zero == pytest.approx(with_own_zeros, abs=1e-6 * np.abs(with_own_zeros).max() + 1e-12)
