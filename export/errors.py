"""Errors of the export command line: one root, stable codes, a sentence that says what to change."""

from __future__ import annotations


class ExportError(Exception):
    """Root of every error that `export` raises on purpose."""

    code = "export_failed"


class CheckpointError(ExportError):
    """A checkpoint is missing, unreadable or does not fit the model."""

    code = "checkpoint_unusable"


class ModelFileError(ExportError):
    """An ONNX file is missing, unreadable or breaks the model contract."""

    code = "model_file_unusable"


class AudioError(ExportError):
    """A recording or a folder of them is missing, unreadable or does not fit."""

    code = "audio_unusable"


class PackageError(ExportError):
    """A package that was asked for is not installed."""

    code = "package_missing"


class CalibrationError(ExportError):
    """The calibration audio is missing or empty."""

    code = "calibration_empty"


class QuantizationError(ExportError):
    """The quantized graph would not run in integers."""

    code = "quantization_ineffective"


class EqualityError(ExportError):
    """Two forms of the model that must agree do not; `rung` names the step of the ladder."""

    code = "not_equal"

    def __init__(self, rung: str, difference: float, tolerance: float) -> None:
        super().__init__(f"{rung}: differs by {difference:.3g}, allowed {tolerance:.3g}")
        self.rung, self.difference, self.tolerance = rung, difference, tolerance
