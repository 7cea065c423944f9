"""On emulated processors the files give the bits that they give here (where `scripts/arm64_check` has fetched the emulator)."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
import emulated

from export.integers.calibration import Calibration
from export.integers.quantize import INT8, quantize
from export.integers.target import TARGETS
from export.integers.weights import Range
from export.metadata import Names
from export.pipeline import export_fp32, quantize_int8, read_recordings
from tests.export.integers.test_saturation import hostile_weight, product_graph

CACHE = Path(os.environ.get("HUSHBOX_EMULATION", Path.home() / ".cache/hushbox/emulation"))

pytestmark = pytest.mark.skipif(
    not (CACHE / "qemu/usr/bin/qemu-aarch64").exists() or not (CACHE / "site").exists(),
    reason="the emulator is not there; scripts/arm64_check fetches it",
)


def test_a_file_gives_the_same_bits_on_arm_and_on_avx2(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    names = Names(tmp_path, "small")
    export_fp32(checkpoint, names)
    quantize_int8(names, read_recordings(data / "valid", 16000))
    found = emulated.compare(names.int8, CACHE)
    assert [result["equal_bits"] for result in found] == [1.0, 1.0]


def test_weights_that_may_saturate_do_so_on_avx2_only(tmp_path: Path) -> None:
    """The real kernels, forced: a file for VNNI goes wrong without it, a file for every processor does not."""
    arm, avx2 = emulated.processors(CACHE)
    for target, harmed in (("auto", False), ("avx512_vnni", True)):
        path = tmp_path / f"{target}.onnx"
        model = quantize(
            product_graph(hostile_weight()),
            {"weight": INT8},
            Calibration({"spectrum": Range(0.0, 1.0)}),
            TARGETS[target],
        )
        path.write_bytes(model.SerializeToString())
        here = emulated.stream(path)
        assert np.array_equal(emulated.run_on(arm, path), here)
        assert np.array_equal(emulated.run_on(avx2, path), here) != harmed
