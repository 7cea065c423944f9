"""A graph unrolled over several frames gives the bits of the one it was made from, wherever a stream's frames end."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_server.engine.model_file import LAST_ROW
from export.graph.unrolled import unroll
from export.metadata import FRAMES_AT_ONCE, read_facts, several_path
from export.runtime import FrameRunner
from export.several import stream_several, write_several
from tests.tiny_model import build_tiny_model

STREAMS = 5


def tiny(folder: Path) -> onnx.ModelProto:
    return onnx.load(build_tiny_model(folder))


def hears_its_output(folder: Path) -> onnx.ModelProto:
    """A smoothing of the output over time, whose factor is a node and not an initializer."""
    nodes = [
        helper.make_node("Constant", [], ["half"], value_float=0.5),
        helper.make_node("Mul", ["state_in_past", "half"], ["kept"]),
        helper.make_node("Add", ["spectrum", "kept"], ["spectrum_out"]),
        helper.make_node("Identity", ["spectrum_out"], ["state_out_past"]),
    ]
    return as_model(nodes)


def as_model(nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    """Give a graph with one state of the shape of its frames."""
    spectrum, past, out, next_past = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 257, 2])
        for name in ("spectrum", "state_in_past", "spectrum_out", "state_out_past")
    )
    graph = helper.make_graph(nodes, "made_by_hand", [spectrum, past], [out, next_past])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def shipped(folder: Path) -> onnx.ModelProto:
    return onnx.load(Path(__file__).parents[3] / "quantized_models" / "hush-small.int8.onnx")


def noise(frames: int) -> NDArray[np.float32]:
    return 0.1 * np.random.default_rng(0).standard_normal((frames, STREAMS, 257, 2), dtype=np.float32)


@pytest.mark.parametrize("make", [tiny, hears_its_output, shipped])
@pytest.mark.parametrize("frames", [2, 3, 4])
def test_states_come_out_after_each_streams_last_frame(
    make: Callable[[Path], onnx.ModelProto], frames: int, tmp_path: Path
) -> None:
    model = make(tmp_path)
    one, several = FrameRunner(model.SerializeToString()), FrameRunner(unroll(model, frames).SerializeToString())
    heard = noise(frames)
    lengths = np.arange(STREAMS) % frames + 1
    states = {name: zeros + np.float32(0.1) for name, zeros in one.initial_states(STREAMS).items()}
    together = several.run(
        {
            one.frame_input: heard.reshape(-1, 257, 2),
            LAST_ROW: (lengths - 1) * STREAMS + np.arange(STREAMS),
            **states,
        }
    )
    for at, frame in enumerate(heard):
        outputs = one.run({one.frame_input: frame, **states})
        states = one.next_states(outputs)
        rows = together[one.frame_output].reshape(heard.shape)[at]
        assert rows.tobytes() == outputs[one.frame_output].tobytes()
        for name, values in one.next_states(together).items():
            assert values[lengths == at + 1].tobytes() == states[name][lengths == at + 1].tobytes()


def test_streams_of_several_frames_are_streams_of_single_ones(tmp_path: Path) -> None:
    model = shipped(tmp_path)
    frames = noise(8 * FRAMES_AT_ONCE).swapaxes(0, 1)
    several = stream_several(unroll(model, FRAMES_AT_ONCE).SerializeToString(), frames)
    assert several.tobytes() == FrameRunner(model.SerializeToString()).stream(frames).tobytes()


def test_the_file_stands_beside_the_shipped_one_with_its_facts(tmp_path: Path) -> None:
    path = tmp_path / "tiny.int8.onnx"
    write_several(path, tiny(tmp_path), {"name": "tiny"}, noise(8).swapaxes(0, 1))
    assert several_path(path).name == "tiny.int8.x4.onnx"
    assert read_facts(several_path(path)) == {"name": "tiny", "frames_at_once": FRAMES_AT_ONCE}


def test_no_file_is_written_for_a_graph_that_keeps_its_batch_elsewhere(tmp_path: Path) -> None:
    # The state is turned around before it is added, so that cutting axis 0 would cut the bins.
    nodes = [
        helper.make_node("Transpose", ["state_in_past"], ["turned"], perm=[1, 0, 2]),
        helper.make_node("Transpose", ["spectrum"], ["spectrum_turned"], perm=[1, 0, 2]),
        helper.make_node("Add", ["spectrum_turned", "turned"], ["sum"]),
        helper.make_node("Transpose", ["sum"], ["state_out_past"], perm=[1, 0, 2]),
        helper.make_node("Identity", ["state_out_past"], ["spectrum_out"]),
    ]
    model = as_model(nodes)
    path = tmp_path / "turned.int8.onnx"
    several_path(path).write_bytes(b"of an earlier model")
    write_several(path, model, {"name": "turned"}, noise(8).swapaxes(0, 1))
    assert not several_path(path).exists()
