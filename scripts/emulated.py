"""Model files on emulated processors, their output compared with this machine's bit for bit (see scripts/arm64_check)."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
ROWS, FRAMES = 3, 120


@dataclass(frozen=True)
class Processor:
    """A processor that qemu emulates: how to run this script on it."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]


def processors(cache: Path) -> list[Processor]:
    """Return the processors that can be emulated with what `scripts/arm64_check` fetched to `cache`."""
    binaries, root = cache / "qemu/usr/bin", cache / "root"
    arm = (str(binaries / "qemu-aarch64"), "-L", str(root), str(root / "usr/bin/python3.13"))
    avx2 = (str(binaries / "qemu-x86_64"), "-cpu", "Haswell", sys.executable)
    return [
        Processor("64-bit Arm", arm, {"PYTHONPATH": str(cache / "site")}),
        Processor("x86 with AVX2, no VNNI", avx2, {}),
    ]


def stream(model: Path) -> NDArray[np.float32]:
    """Return the frames that `model` makes of a fixed noise that comes and goes, `[frames, rows, ...]`."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    states = {
        item.name: np.zeros((ROWS, *item.shape[1:]), np.float32)
        for item in session.get_inputs()
        if item.name.startswith("state_in_")
    }
    frame = session.get_inputs()[0]
    at_once = json.loads(session.get_modelmeta().custom_metadata_map["hushbox"]).get("frames_at_once", 1)
    last_row = {"last_row": np.arange((at_once - 1) * ROWS, at_once * ROWS)} if at_once > 1 else {}
    names = [item.name for item in session.get_outputs()]
    rng, made = np.random.default_rng(0), []
    for index in range(FRAMES):
        loudness = 2.0 ** (index % 40 // 4 - 8)
        noise = (loudness * rng.standard_normal((at_once * ROWS, *frame.shape[1:]))).astype(np.float32)
        outputs = dict(zip(names, session.run(names, {frame.name: noise, **last_row, **states}), strict=True))
        states = {name: outputs[name.replace("state_in_", "state_out_", 1)] for name in states}
        made.append(outputs[f"{frame.name}_out"])
    return np.stack(made)


def run_on(processor: Processor, model: Path) -> NDArray[np.float32]:
    """Return what `model` makes on an emulated processor."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "frames.npy"
        command = [*processor.command, str(Path(__file__)), "--stream-to", str(result), str(model.resolve())]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **processor.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"error: {processor.name}: {done.stderr.strip()[-500:]}")
        made: NDArray[np.float32] = np.load(result)
    return made


def compare(model: Path, cache: Path) -> list[dict[str, Any]]:
    """Return, for each processor, how many numbers are the same bits as here, and the error in dB."""
    here, found = stream(model), []
    for processor in processors(cache):
        there = run_on(processor, model)
        error = np.square(here - there, dtype=np.float64).sum() / np.square(here, dtype=np.float64).sum()
        equal = float((here.view(np.uint32) == there.view(np.uint32)).mean())
        decibels = None if error == 0 else float(10 * np.log10(error))
        found.append({"model": model.name, "processor": processor.name, "equal_bits": equal, "error_db": decibels})
    return found


def main() -> int:
    """Compare every file on every processor; 0 if all integer files give the same bits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help="default: every integer file in quantized_models/")
    parser.add_argument(
        "--cache", type=Path, default=Path.home() / ".cache/hushbox/emulation", help="where the emulator is kept"
    )
    parser.add_argument("--stream-to", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.stream_to:
        np.save(given.stream_to, stream(given.models[0]))
        return 0
    models = given.models or sorted((ROOT / "quantized_models").glob("*.int[48]*.onnx"))
    results = [result for model in models for result in compare(model, given.cache)]
    if given.json:
        print(json.dumps(results, indent=2))
    for result in [] if given.json else results:
        same = "the same bits" if result["equal_bits"] == 1.0 else f"{result['equal_bits']:.1%} of the bits"
        error = "" if result["error_db"] is None else f", error {result['error_db']:.1f} dB"
        print(f"{result['model']} on {result['processor']}: {same}{error}")
    return 0 if all(result["equal_bits"] == 1.0 for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
