"""A model card says what was measured and trained, and refuses to speak of another file."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from export.__main__ import main
from export.card.attribution import read_sources
from export.card.training import stages_of_runs, training_command
from export.card.weaknesses import weaknesses
from export.errors import AudioError, CheckpointError
from export.metrics import Scores
from export.quality.evaluation import Row
from tests.tiny_model import build_tiny_model

LICENCES = """# Licences
## Speech
* **Anna's voice** (`speech/anna`): CC0 1.0. Taken from anna/voices.
Not an entry.
## Noise
* **Ben's fan** (`noise/fan`), Freesound 1: Ben, CC BY 4.0.
"""
TRAINING = {"seed": 7, "steps": 10000, "lr": 0.003, "bfloat16": False, "batch": 8, "hours_heard": 12.5}
RESULTS = {
    "parameters": 1_234_567,
    "architecture": {"tokens": 20},
    "calibration_s": 16.0,
    "calibration_sha256": "c" * 64,
    "training": {**TRAINING, "model": {"tokens": 20, "channels": 64}},
    "training_data": "speech 0123: 1 h; noise 4567: 2 h",
    "verification": {
        "rungs": [{"name": "int8 = fp32 (error in dB)", "difference": -34.3, "tolerance": -25.0}],
        "operators": {"integer": 14, "float": 0},
    },
}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with the tiny model, whose manifest has what a trained model's has, and a curve."""
    folder = tmp_path / "models"
    build_tiny_model(folder)
    manifest = folder / "tiny.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), **RESULTS}))
    (folder / "tiny-curve.csv").write_text("step,hours_heard,minutes,pesq_wb\n100,1.0,3.0,1.9\n200,2.0,61.4,2.1\n")
    return folder


@pytest.fixture(scope="module")
def evaluation(tiny_model_path: Path, pairs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of the tiny model on the recordings in the repository."""
    folder = tmp_path_factory.mktemp("report")
    arguments = ["--pairs", pairs_folder, "--peers", folder, "--no-rnnoise", "--no-dnsmos", "--cache", folder / "cache"]
    command = ["evaluate", tiny_model_path, *arguments, "--limit", 2, "--processes", 1, "--report", folder]
    done = CliRunner().invoke(main, [str(word) for word in command])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def report(evaluation: Path, tmp_path: Path) -> Path:
    """The evaluation, for one test."""
    return shutil.copytree(evaluation, tmp_path / "report")


def write(models: Path, report: Path, tmp_path: Path) -> str:
    (tmp_path / "LICENSES.md").write_text(LICENCES)
    command = ["card", "--name", "tiny", "--out", models, "--report", report, "--licences", tmp_path / "LICENSES.md"]
    done = CliRunner().invoke(main, [str(word) for word in command], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return (models / "tiny.md").read_text()


def test_the_card_says_what_was_trained_and_measured(models: Path, report: Path, tmp_path: Path) -> None:
    card = write(models, report, tmp_path)
    record = json.loads((report / "evaluation.json").read_text())
    scores = record["summary"]["tiny.int8"]["all"]
    assert f"| **tiny.int8** | {scores['pesq_wb']:.3f} | {scores['stoi']:.2f} |" in card
    assert "1.23 million weights" in card
    assert "python -m export train --out runs/tiny --steps 10000 --batch 8 --seed 7 --float32 --channels 64" in card
    assert "Seed 7, 200 steps, 2.0 hours of mixtures heard, 61 minutes of wall time, 2 checkpoints." in card
    assert "speech 0123: 1 h; noise 4567: 2 h" in card
    assert "| int8 = fp32 (error in dB) | -34.3 | -25 |" in card
    assert "* Speech: **Anna's voice** (`speech/anna`): CC0 1.0." in card
    assert "Ben's fan" in card
    assert record["pairs"]["sha256"][:16] in card
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", card):
        assert (models / picture).read_bytes().startswith(b"\x89PNG")


def test_every_table_is_whole(models: Path, report: Path, tmp_path: Path) -> None:
    columns = 0
    for line in write(models, report, tmp_path).splitlines():
        if not line.startswith("|"):
            columns = 0
            continue
        columns = columns or line.count("|")
        assert line.count("|") == columns, line
        assert line.endswith("|")


def test_a_card_never_speaks_of_another_file(models: Path, report: Path, tmp_path: Path) -> None:
    record = json.loads((report / "evaluation.json").read_text())
    for system in record["systems"]:
        system["files"] = dict.fromkeys(system["files"], "0" * 64)
    (report / "evaluation.json").write_text(json.dumps(record))
    command = ["card", "--name", "tiny", "--out", str(models), "--report", str(report)]
    done = CliRunner().invoke(main, command)
    assert "scored another tiny.int8.onnx" in str(done.exception)
    assert not (models / "tiny.md").exists()


def test_a_command_has_every_option_that_is_not_at_its_default() -> None:
    train = main.commands["train"]
    assert training_command(train, "m", {"seed": 1, "steps": 10000, "speech": "elsewhere"}) == (
        "python -m export train --out runs/m --steps 10000 --seed 1"
    )


def test_runs_that_followed_each_other_are_told_one_by_one_and_together(
    models: Path, report: Path, tmp_path: Path
) -> None:
    runs = []
    for index, start in enumerate([None, "first.pt"]):
        runs.append(tmp_path / f"run{index}")
        runs[-1].mkdir()
        settings = {"seed": index, "steps": 50, "start_from": start, "model": {"tokens": 20}}
        (runs[-1] / "run.json").write_text(json.dumps(settings))
        header = "step,hours_heard,minutes,train_loss,pesq_wb,estoi,si_sdr_db\n"
        (runs[-1] / "curve.csv").write_text(header + "25,1.5,10,0.2,1.9,80,12\n50,3.0,20,0.1,2.0,81,13\n")
    (runs[0] / "notes.md").write_text("It was ended early.\n")
    options = [word for run in runs for word in ("--run", str(run))]
    (tmp_path / "LICENSES.md").write_text(LICENCES)
    command = ["card", "--name", "tiny", "--out", models, "--report", report, "--licences", tmp_path / "LICENSES.md"]
    done = CliRunner().invoke(main, [*map(str, command), *options], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    card = (models / "tiny.md").read_text()
    assert "--out runs/run0 --steps 50 --seed 0\n" in card
    assert "--out runs/run1 --steps 50 --seed 1 --start-from first.pt" in card
    assert "2 checkpoints. It was ended early.\n* Run 2" in card
    assert "Together: 6.0 hours of mixtures heard in 40 minutes." in card
    assert "![Training curve](tiny-curve.png)" in card
    joined = (models / "tiny-curve.csv").read_text().splitlines()
    assert joined[-1].startswith("100,6,40,")
    assert len(joined) == 5


def test_a_missing_run_or_licence_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not the folder of a training run"):
        stages_of_runs(main.commands["train"], [tmp_path])
    with pytest.raises(AudioError, match="There is no licence list"):
        read_sources(tmp_path / "none.md")
    (tmp_path / "empty.md").write_text("# Nothing\n")
    with pytest.raises(AudioError, match="lists no sources"):
        read_sources(tmp_path / "empty.md")


def test_weaknesses_are_those_of_the_figures() -> None:
    def row(system: str, clip: str, pesq: float, noise: str) -> Row:
        return Row(system, clip, 5.0, noise, 1.0, 0, Scores(pesq, 80.0, 70.0, 10.0))

    rows = [row("unprocessed", "1", 1.0, "hum"), row("unprocessed", "2", 2.0, "babble")]
    rows += [row("peer", "1", 3.5, "hum"), row("peer", "2", 2.5, "babble")]
    rows += [row("m.int8", "1", 3.0, "hum"), row("m.int8", "2", 2.1, "babble")]
    rows += [row("m.fp32", "1", 4.0, "hum"), row("m.fp32", "2", 4.0, "babble")]
    harm = {
        "figures": [
            {"title": "noise down", "shown": "12 dB", "wanted": "≥ 30 dB", "holds": False},
            {"title": "silence", "shown": "yes", "wanted": "yes", "holds": True},
        ],
        "distributions": {"noise_attenuation_db": {"all": {"p10": 5.0}, "babble": {"p10": 4.0}, "hum": {"p10": 50.0}}},
    }
    said = weaknesses(rows, "m.int8", harm)
    assert said[0] == "peer is ahead in PESQ-WB (3.000 against 2.550)."
    assert "babble (+0.10 over 1); hum (+2.00 over 1)" in said[1]
    assert said[2].startswith("The clips that it improves least: 2 (babble, 5 dB): PESQ 2.00 to 2.10")
    assert said[3] == "Not as wanted: noise down: 12 dB (wanted ≥ 30 dB)."
    assert "babble (4 dB)" in said[4]
    assert not any("fp32" in sentence or "silence" in sentence or "hum (50" in sentence for sentence in said)
