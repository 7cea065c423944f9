"""A transposed convolution and the convolution that takes its place are the same, whatever their sizes."""

import itertools

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from export.graph.transposed import write_transposed_as_convolutions
from export.runtime import FrameRunner

LENGTH, CHANNELS, OUTPUTS = 7, 4, 8


def transposed_graph(
    kernel: int, stride: int, pad: int, extra: int, dilation: int, groups: int, frames: int = 3
) -> onnx.ModelProto:
    """A kernel of three frames by `kernel` frequencies, with a bias; time is cut to one frame as a causal decoder does."""
    rng = np.random.default_rng(0)
    made = (LENGTH - 1) * stride + extra + (kernel - 1) * dilation + 1 - 2 * pad
    node = helper.make_node(
        "ConvTranspose",
        ["spectrum", "up.weight", "up.bias"],
        ["spectrum_out"],
        strides=[1, stride],
        pads=[2, pad, 2, pad],
        output_padding=[0, extra],
        dilations=[1, dilation],
        group=groups,
        auto_pad="NOTSET",
    )
    weight = rng.normal(size=(CHANNELS, OUTPUTS // groups, 3, kernel)).astype(np.float32)
    graph = helper.make_graph(
        [node],
        "transposed",
        [helper.make_tensor_value_info("spectrum", TensorProto.FLOAT, ["batch", CHANNELS, frames, LENGTH])],
        [helper.make_tensor_value_info("spectrum_out", TensorProto.FLOAT, ["batch", OUTPUTS, frames - 2, made])],
        [
            numpy_helper.from_array(weight, "up.weight"),
            numpy_helper.from_array(rng.normal(size=OUTPUTS).astype(np.float32), "up.bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_both_give_the_same(kernel: int, stride: int) -> None:
    heard = np.random.default_rng(1).normal(size=(2, CHANNELS, 3, LENGTH)).astype(np.float32)
    for pad, extra, dilation, groups in itertools.product((0, 1, 3), (0, 1), (1, 2), (1, 2, 4)):
        if extra >= stride or (dilation > 1 and stride > 1):
            continue
        model = transposed_graph(kernel, stride, pad, extra, dilation, groups)
        (expected,) = FrameRunner(model.SerializeToString()).run({"spectrum": heard}).values()
        write_transposed_as_convolutions(model)
        assert "ConvTranspose" not in {node.op_type for node in model.graph.node}
        (found,) = FrameRunner(model.SerializeToString()).run({"spectrum": heard}).values()
        assert found.shape == expected.shape
        assert np.allclose(found, expected, atol=2e-5)


def test_strides_along_two_axes_stay_as_they_are() -> None:
    model = transposed_graph(3, 2, 1, 0, 1, 1)
    strides = next(item for item in model.graph.node[0].attribute if item.name == "strides")
    strides.ints[:] = [2, 2]
    write_transposed_as_convolutions(model)
    assert [node.op_type for node in model.graph.node] == ["ConvTranspose"]
