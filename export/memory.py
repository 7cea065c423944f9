"""The memory that a model takes while it runs, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

from export.errors import ModelFileError
from export.runtime import FrameRunner

FRAMES = 20


def memory_bytes(model: Path, batch: int) -> int:
    """Return by how much a fresh process grows when it loads `model` and runs it at `batch`. Raises ModelFileError."""
    command = [sys.executable, "-W", "ignore", "-m", "export.memory", str(model.resolve()), str(batch)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=root)
    if done.returncode:
        raise ModelFileError(f"The memory of {model.name} could not be measured: {done.stderr.strip()[-300:]}")
    return int(json.loads(done.stdout)["bytes"])


def measure_here(model: Path, batch: int) -> int:
    """Return by how much this process grows when it loads `model` and runs it at `batch`."""
    process = psutil.Process()
    before = process.memory_info().rss
    runner = FrameRunner(model)
    shape = next(item.shape for item in runner.session.get_inputs() if item.name == runner.frame_input)
    frame = np.full((batch, *shape[1:]), 0.01, dtype=np.float32)
    states = runner.initial_states(batch)
    for _ in range(FRAMES):
        states = runner.next_states(runner.run({runner.frame_input: frame, **states}))
    return int(process.memory_info().rss - before)


if __name__ == "__main__":
    print(json.dumps({"bytes": measure_here(Path(sys.argv[1]), int(sys.argv[2]))}))
