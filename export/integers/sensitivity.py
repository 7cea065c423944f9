"""What each layer costs in integers, by measurement, and which layers stay float because of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from tqdm import tqdm

from export.forms import error_db
from export.graph.layers import Layer, find_layers
from export.integers.calibration import Calibration
from export.integers.quantize import INT8, quantize
from export.integers.target import Target
from export.runtime import FrameRunner

ALLOWED_ERROR_DB = -28.0
"""Error of the output against fp32 that layers may add up to: 3 dB under what `verify` allows, for audio not heard here."""


@dataclass(frozen=True)
class LayerReport:
    """One layer in integers. `sqnr_db`: signal to quantization noise of its own output on streamed activations.

    `output_error_db`: error of the model's output, relative to it, when this layer alone is in integers. `form` is what it was
    given in the end, `float` if it stayed as it was, and `reason` says why.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    sqnr_db: float
    output_error_db: float
    form: str
    reason: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class Workbench:
    """A float graph with what is needed to measure its layers: calibration, frames `[streams, time, ...]`, fp32 output."""

    model: onnx.ModelProto
    calibration: Calibration
    frames: NDArray[np.float32]
    reference: NDArray[np.float32]
    target: Target

    @classmethod
    def make(
        cls, model: onnx.ModelProto, calibration: Calibration, frames: NDArray[np.float32], target: Target
    ) -> Workbench:
        """Return a workbench whose reference is what `model` makes of `frames`."""
        return cls(model, calibration, frames, FrameRunner(model.SerializeToString()).stream(frames), target)

    def build(self, forms: dict[str, str]) -> bytes:
        """Return the graph with `forms` applied; without any, the float graph itself."""
        if not forms:
            floating: bytes = self.model.SerializeToString()
            return floating
        built: bytes = quantize(self.model, forms, self.calibration, self.target).SerializeToString()
        return built

    def error_db(self, forms: dict[str, str]) -> float:
        """Return the error of the output with `forms` applied, relative to fp32, in dB."""
        return error_db(FrameRunner(self.build(forms)).stream(self.frames), self.reference)


def measure_layers(bench: Workbench, layers: list[Layer], form: str = INT8) -> list[LayerReport]:
    """Return a report for each layer in `form`, the one that hurts the output most first."""
    reports = [
        LayerReport(
            layer.name,
            layer.kind,
            tuple(layer.weight.shape),
            layer_sqnr_db(bench, layer, form),
            bench.error_db({layer.name: form}),
            form,
        )
        for layer in tqdm(layers, desc=f"sensitivity {form}", unit="layer")
    ]
    return sorted(reports, key=lambda report: -report.output_error_db)


def choose_layers(
    bench: Workbench, reports: list[LayerReport], allowed_db: float = ALLOWED_ERROR_DB
) -> list[LayerReport]:
    """Return `reports` with as few layers float as it takes to keep the error of the output within `allowed_db`.

    Layers that hurt most when alone stay float first; how many is found by halving, each time measured with all others in
    integers together.
    """

    def holds(count: int) -> bool:
        forms = {report.name: report.form for report in reports[count:]}
        return not forms or bench.error_db(forms) <= allowed_db

    low, high = 0, len(reports)
    if holds(0):
        high = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return [_chosen(report, index < high, allowed_db) for index, report in enumerate(reports)]


def _chosen(report: LayerReport, stays_float: bool, allowed_db: float) -> LayerReport:
    facts = report.to_dict()
    if stays_float:
        facts |= {
            "form": "float",
            "reason": f"alone it costs {report.output_error_db:.1f} dB; all layers together may cost {allowed_db:.1f} dB",
        }
    return LayerReport(**facts)  # type: ignore[arg-type]


def layer_sqnr_db(bench: Workbench, layer: Layer, form: str = INT8) -> float:
    """Return the signal to quantization noise ratio of a layer's own output, on activations that were streamed."""
    alone = _only(bench.model, layer)
    (name,) = (found.name for found in find_layers(alone.graph))
    integers = quantize(alone, {name: form}, bench.calibration, bench.target)
    feeds = {name: bench.calibration.samples[name] for name in _heard(layer)}
    expected = FrameRunner(alone.SerializeToString()).run(feeds)[layer.output]
    return -error_db(FrameRunner(integers.SerializeToString()).run(feeds)[layer.output], expected)


def _only(model: onnx.ModelProto, layer: Layer) -> onnx.ModelProto:
    """Return a graph that holds nothing but `layer` and what joins its activation."""
    joins = [node for node in model.graph.node if layer.parts and node.output[0] == layer.activation]
    used = {name for node in layer.nodes for name in node.input}
    constants = [item for item in model.graph.initializer if item.name in used]
    constants += [
        numpy_helper.from_array(numpy_helper.to_array(node.attribute[0].t), node.output[0])
        for node in model.graph.node
        if node.op_type == "Constant" and node.output[0] in used
    ]
    rows = {value.name: value for value in (*model.graph.value_info, *model.graph.input)}
    unknown = helper.make_tensor_value_info(layer.activation, onnx.TensorProto.FLOAT, None)
    graph = helper.make_graph(
        [*joins, *layer.nodes],
        "layer",
        [rows.get(name, unknown) if layer.parts else unknown for name in _heard(layer)],
        [onnx.ValueInfoProto(name=layer.output)],
        constants,
    )
    return helper.make_model(graph, opset_imports=list(model.opset_import), ir_version=model.ir_version)


def _heard(layer: Layer) -> list[str]:
    """Return the names of the tensors that a layer is fed with."""
    return list(dict.fromkeys(part.name for part in layer.parts)) or [layer.activation]


def find_by_kind(model: onnx.ModelProto, kinds: tuple[str, ...]) -> list[Layer]:
    """Return the layers of the given kinds."""
    return [layer for layer in find_layers(model.graph) if layer.kind in kinds]
