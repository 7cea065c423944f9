"""Errors of the export command line: one root, stable codes, a sentence that says what to change."""

from __future__ import annotations


class ExportError(Exception):
    """Root of every error that `export` raises on purpose."""

    code = "export_failed"


class CheckpointError(ExportError):
    """A checkpoint is missing, unreadable or does not fit the model."""

    code = "checkpoint_unusable"


class WeightsError(CheckpointError):
    """A weight is NaN or infinite."""

    code = "weights_not_finite"


class FactoryError(ExportError):
    """`MODULE:FACTORY` does not name something that makes a model."""

    code = "factory_unusable"


class ContractError(ExportError):
    """A module does not keep the model contract of docs/export.md."""

    code = "contract_broken"


class HiddenStateError(ContractError):
    """A module remembers something outside its states, or is random."""

    code = "state_hidden"


class LookAheadError(ContractError):
    """A module's output depends on frames that have not been heard yet."""

    code = "not_causal"


class NotFiniteError(ContractError):
    """A module gives NaN or infinity for sound that it may well be given."""

    code = "output_not_finite"


class CoupledRowsError(ContractError):
    """A row of a module's output depends on the other rows of the batch."""

    code = "rows_coupled"


class DynamicShapeError(ContractError):
    """A shape depends on the values, on the time, or on a batch size that was fixed."""

    code = "shape_dynamic"


class UnsupportedOperatorError(ExportError):
    """An operator of the module has no counterpart in ONNX or in onnxruntime."""

    code = "operator_unsupported"


class GraphError(ExportError):
    """The module could not be written as an ONNX graph."""

    code = "graph_not_exportable"


class ModelFileError(ExportError):
    """An ONNX file is missing, unreadable or breaks the model contract."""

    code = "model_file_unusable"


class DamagedModelError(ModelFileError):
    """An ONNX file is truncated or not ONNX at all."""

    code = "model_file_damaged"


class AudioError(ExportError):
    """A recording or a folder of them is missing, unreadable or does not fit."""

    code = "audio_unusable"


class PackageError(ExportError):
    """A package that was asked for is not installed."""

    code = "package_missing"


class CalibrationError(ExportError):
    """The calibration audio is missing, empty or silent."""

    code = "calibration_empty"


class QuantizationError(ExportError):
    """The quantized graph would not run in integers."""

    code = "quantization_ineffective"


class VerdictError(ExportError):
    """A file is not worth shipping or is broken, so it was not written."""

    code = "verdict_bad"


class EqualityError(ExportError):
    """Two forms of the model that must agree do not; `rung` names the step of the ladder."""

    code = "not_equal"

    def __init__(self, rung: str, difference: float, tolerance: float) -> None:
        super().__init__(f"{rung}: differs by {difference:.3g}, allowed {tolerance:.3g}")
        self.rung, self.difference, self.tolerance = rung, difference, tolerance
