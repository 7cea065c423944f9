"""The command line as a user meets it: help for everything, one sentence for what is wrong."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from export.__main__ import run as run_command_line

REPOSITORY = Path(__file__).parents[2]


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


RunHere = Callable[..., Done]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own, which takes seconds to import what it needs."""
    command = [sys.executable, "-W", "ignore", "-m", "export", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def run_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    """Run a command in this process; what it does not catch itself is raised."""

    def invoke(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["hushbox-export", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run_command_line()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return invoke


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
def test_plausible_mistakes_are_one_sentence(
    arguments: list[str], sentence: str, run_here: RunHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failed = run_here(*arguments)
    assert failed.returncode == 1
    assert sentence in failed.stderr


def test_a_model_without_its_manifest_is_one_sentence(run_here: RunHere, data: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.int8.onnx").write_bytes(b"")
    failed = run_here(
        "evaluate", tmp_path / "alone.int8.onnx", "--pairs", data / "valid", "--no-rnnoise", "--limit", "1"
    )
    assert failed.returncode == 1
    assert "error: " in failed.stderr


def test_checkpoint_to_scores(run_here: RunHere, checkpoint: Path, data: Path, tmp_path: Path) -> None:
    models = ["--out", tmp_path / "models", "--name", "small"]
    for step in (
        ["export", checkpoint, *models],
        ["quantize", *models, "--audio", data / "valid", "--force"],
        ["verify", checkpoint, *models, "--audio", data / "valid", "--json"],
        ["bench", *models, "--batch", "2", "--rounds", "2", "--json"],
    ):
        done = run_here(*step)
        assert done.returncode == 0, done.stderr
    (cost,) = json.loads(done.stdout)
    assert cost["batch"] == 2
    int8 = tmp_path / "models/small.int8.onnx"
    arguments = ["--pairs", data / "valid", "--peers", tmp_path / "none", "--no-rnnoise", "--limit", "1"]
    scored = run_here("evaluate", int8, *arguments, "--json", "--no-dnsmos", "--no-harm", "--report", tmp_path)
    assert scored.returncode == 0, scored.stderr
    summary = json.loads(scored.stdout)
    assert set(summary) == {"unprocessed", "small.int8"}
    assert summary["unprocessed"]["all"]["si_sdr_db"] != summary["small.int8"]["all"]["si_sdr_db"]
    assert (tmp_path / "clips.csv").read_text().count("\n") == 3


def test_errors_are_json_for_scripts(run_here: RunHere, tmp_path: Path) -> None:
    failed = run_here("inspect", tmp_path / "missing.onnx", "--json")
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
