"""Nothing is told to anyone: the libraries that report their use are kept from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("command", [["-m", "edge_server", "check"], ["-m", "export", "bench", "--out", "nowhere"]])
def test_no_command_makes_an_identity_to_report_under(command: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    environment.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, *command], env=environment, capture_output=True, timeout=120, check=False)
    assert not (tmp_path / ".cache" / "Microsoft").exists()


def test_onnxruntime_would_make_one_by_itself(tmp_path: Path) -> None:
    """Hold the test above to what it watches: when this fails, onnxruntime keeps its identity elsewhere, or has none."""
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    environment.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", "import onnxruntime"], env=environment, timeout=120, check=True)
    assert (tmp_path / ".cache" / "Microsoft").exists()
