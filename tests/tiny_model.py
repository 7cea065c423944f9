"""A tiny real recurrent model that keeps the model contract, made with onnx alone."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.graph.unrolled import unroll

BINS = 257
NOISE_MEMORY = 0.9
NOISE_WEIGHT = 2.0

FACTS: dict[str, Any] = {
    "format": 1,
    "name": "tiny",
    "sample_rate_hz": 16000,
    "window_samples": 512,
    "hop_samples": 256,
    "window": "sqrt_hann",
    "bins": BINS,
    "states": [{"name": "noise", "shape": [BINS]}, {"name": "previous", "shape": [BINS]}],
    "licence": "Apache-2.0",
    "training_data": "none",
    "checkpoint_sha256": "",
}


def build_tiny_model(folder: Path, *, facts: dict[str, Any] | None = None, default: bool = True) -> Path:
    """Write `NAME.int8.onnx`, the same for four frames at once, and the manifest; give the path of the model."""
    facts = FACTS | (facts or {})
    model = _model()
    helper.set_model_props(model, {"hushbox": json.dumps(facts)})
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{facts['name']}.int8.onnx"
    path.write_bytes(model.SerializeToString())
    several = unroll(model, 4)
    helper.set_model_props(several, {"hushbox": json.dumps(facts | {"frames_at_once": 4})})
    several_path = path.with_suffix(".x4.onnx")
    several_path.write_bytes(several.SerializeToString())
    manifest = facts | {"file": path.name, "sha256": _sha256(path), "default": default}
    manifest |= {"several": {"file": several_path.name, "sha256": _sha256(several_path), "frames_at_once": 4}}
    (folder / f"{facts['name']}.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _model() -> onnx.ModelProto:
    # gain = power / (power + weight * noise), noise = smoothed power of this and the previous frame. Only elementwise
    # operators of exactly rounded arithmetic, so that a row's bits cannot depend on the batch.
    nodes = [
        helper.make_node("Split", ["spectrum"], ["real", "imaginary"], axis=2, num_outputs=2),
        helper.make_node("Mul", ["real", "real"], ["real_squared"]),
        helper.make_node("Mul", ["imaginary", "imaginary"], ["imaginary_squared"]),
        helper.make_node("Add", ["real_squared", "imaginary_squared"], ["power_column"]),
        helper.make_node("Squeeze", ["power_column", "last_axis"], ["power"]),
        helper.make_node("Add", ["power", "state_in_previous"], ["two_frames"]),
        helper.make_node("Mul", ["state_in_noise", "memory"], ["kept"]),
        helper.make_node("Mul", ["two_frames", "news"], ["new"]),
        helper.make_node("Add", ["kept", "new"], ["state_out_noise"]),
        helper.make_node("Identity", ["power"], ["state_out_previous"]),
        helper.make_node("Mul", ["state_out_noise", "weight"], ["noise"]),
        helper.make_node("Add", ["power", "noise"], ["sum"]),
        helper.make_node("Add", ["sum", "epsilon"], ["denominator"]),
        helper.make_node("Div", ["power", "denominator"], ["gain"]),
        helper.make_node("Unsqueeze", ["gain", "last_axis"], ["gain_column"]),
        helper.make_node("Mul", ["spectrum", "gain_column"], ["spectrum_out"]),
    ]
    constants: dict[str, np.ndarray[Any, Any]] = {
        "last_axis": np.array([2], np.int64),
        "memory": np.array(NOISE_MEMORY, np.float32),
        "news": np.array((1 - NOISE_MEMORY) / 2, np.float32),
        "weight": np.array(NOISE_WEIGHT, np.float32),
        "epsilon": np.array(1e-9, np.float32),
    }
    row: dict[str, list[str | int]] = {"spectrum": ["batch", BINS, 2], "spectrum_out": ["batch", BINS, 2]}
    inputs = ["spectrum", "state_in_noise", "state_in_previous"]
    outputs = ["spectrum_out", "state_out_noise", "state_out_previous"]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, row.get(name, ["batch", BINS])) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, row.get(name, ["batch", BINS])) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model
