"""Nothing is told to anyone: the libraries that report their use are kept from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_at_home(command: list[str], home: Path) -> None:
    """Run Python as a person would at home: on build servers onnxruntime keeps quiet by itself."""
    quiet = {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI"}
    environment = {name: value for name, value in os.environ.items() if name not in quiet}
    subprocess.run(
        [sys.executable, *command],
        env={**environment, "HOME": str(home)},
        capture_output=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", [["-m", "edge_server", "check"], ["-m", "export", "bench", "--out", "nowhere"]])
def test_no_command_makes_an_identity_to_report_under(command: list[str], tmp_path: Path) -> None:
    run_at_home(command, tmp_path)
    assert not (tmp_path / ".cache" / "Microsoft").exists()


def test_onnxruntime_would_make_one_by_itself(tmp_path: Path) -> None:
    """Hold the test above to what it watches: when this fails, onnxruntime keeps its identity elsewhere, or has none."""
    run_at_home(["-c", "import onnxruntime"], tmp_path)
    assert (tmp_path / ".cache" / "Microsoft").exists()
