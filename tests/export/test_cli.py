"""The command line as a user meets it: help for everything, one sentence for what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-m", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("command", ["make", "train", "export", "quantize", "verify", "evaluate", "bench", "inspect"])
def test_every_command_has_help(command: str) -> None:
    shown = run(command, "--help")
    assert shown.returncode == 0
    assert "--" in shown.stdout


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    failed = run("export", tmp_path / "missing.pt", "--out", tmp_path)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: There is no checkpoint")
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate", "--pairs", "nowhere"], "There are no pairs"),
        (["train", "--valid", "nowhere"], "There are no pairs"),
        (["quantize", "--out", "nowhere"], "There is no"),
        (["bench", "--out", "nowhere"], "nowhere"),
    ],
)
def test_plausible_mistakes_are_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-m", "export", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    failed = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environment)
    assert failed.returncode == 1
    assert sentence in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_model_without_its_manifest_is_one_sentence(data: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.int8.onnx").write_bytes(b"")
    failed = run("evaluate", tmp_path / "alone.int8.onnx", "--pairs", data / "valid", "--no-rnnoise", "--limit", "1")
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "error: " in failed.stderr


def test_checkpoint_to_scores(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    models = ["--out", tmp_path / "models", "--name", "small"]
    for step in (
        ["export", checkpoint, *models],
        ["quantize", *models, "--audio", data / "valid", "--force"],
        ["verify", checkpoint, *models, "--audio", data / "valid", "--json"],
        ["bench", *models, "--batch", "2", "--rounds", "2", "--json"],
    ):
        done = run(*step)
        assert done.returncode == 0, done.stderr
    (cost,) = json.loads(done.stdout)
    assert cost["batch"] == 2
    int8 = tmp_path / "models/small.int8.onnx"
    arguments = ["--pairs", data / "valid", "--peers", tmp_path / "none", "--no-rnnoise", "--limit", "1"]
    scored = run("evaluate", int8, *arguments, "--json", "--no-dnsmos", "--no-harm", "--report", tmp_path)
    assert scored.returncode == 0, scored.stderr
    summary = json.loads(scored.stdout)
    assert set(summary) == {"unprocessed", "small.int8"}
    assert summary["unprocessed"]["all"]["si_sdr_db"] != summary["small.int8"]["all"]["si_sdr_db"]
    assert (tmp_path / "clips.csv").read_text().count("\n") == 3


def test_errors_are_json_for_scripts(tmp_path: Path) -> None:
    failed = run("inspect", tmp_path / "missing.onnx", "--json")
    assert failed.returncode == 1
    error = json.loads(failed.stdout)["error"]
    assert error["code"] == "model_file_unusable"
    assert error["message"] in failed.stderr


def test_the_shipped_file_is_inspected() -> None:
    shipped = next(path for path in (REPOSITORY / "quantized_models").glob("*.int8.onnx"))
    shown = run("inspect", shipped)
    assert shown.returncode == 0, shown.stderr
    assert "takes it" in shown.stdout
    assert "checkpoint_sha256" in shown.stdout
