"""How a model was trained, from the facts in its manifest, or from the folders of the runs that led to it."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from export.errors import CheckpointError

SKIPPED = ("speech", "noise", "valid", "cache", "out", "threads")
"""Where things lay and how many threads there were do not change the model."""
ALWAYS_SHOWN = ("steps", "seed")
ADDED_UP = ("step", "hours_heard", "minutes")


@dataclass(frozen=True)
class Stage:
    """One run: the command that repeats it, its settings, and where its curve ends (0 where that is not known).

    `notes` is what the command does not tell, in the words of whoever ran it.
    """

    command: str
    settings: dict[str, Any]
    steps: int = 0
    hours_heard: float = 0.0
    minutes: float = 0.0
    checkpoints: int = 0
    notes: str = ""


def stage_of_manifest(train: click.Command, name: str, training: dict[str, Any], curve: Path) -> Stage:
    """Return the one run of a model whose manifest says how it was trained."""
    return _stage(training_command(train, name, training), training, _read_curve(curve))


def stages_of_runs(train: click.Command, runs: Sequence[Path]) -> list[Stage]:
    """Return the runs in their order, each going on from the one before, with the notes.md of a folder that has one.

    Raises CheckpointError if a run has no run.json.
    """
    stages = []
    for run in runs:
        try:
            settings = json.loads((run / "run.json").read_text())
        except (OSError, ValueError) as cause:
            raise CheckpointError(f"{run} is not the folder of a training run: {cause}") from cause
        stage = _stage(training_command(train, run.name, settings), settings, _read_curve(run / "curve.csv"))
        notes = run / "notes.md"
        stages.append(replace(stage, notes=notes.read_text().strip()) if notes.exists() else stage)
    return stages


def join_curves(runs: Sequence[Path], target: Path) -> None:
    """Write the curves of the runs as one, with steps, hours and minutes added up."""
    curves = [_read_curve(run / "curve.csv") for run in runs]
    columns = [name for name in curves[0][0] if all(name in curve[0] for curve in curves if curve)]
    before = dict.fromkeys(ADDED_UP, 0.0)
    with target.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, columns, extrasaction="ignore")
        writer.writeheader()
        for curve in curves:
            for row in curve:
                sums = {name: before[name] + float(row[name]) for name in ADDED_UP}
                writer.writerow({**row, **{name: f"{value:.10g}" for name, value in sums.items()}})
            before = sums if curve else before


def training_command(train: click.Command, name: str, training: dict[str, Any]) -> str:
    """Return the command that repeats a run: steps, seed, and every option of `train` that is not at its default."""
    known = {**training, **training.get("model", {})}
    words = ["python -m export train", f"--out runs/{name}"]
    for option in train.params:
        if not isinstance(option, click.Option) or option.name in SKIPPED or option.name not in known:
            continue
        value = known[option.name]
        if value is None or (value == option.default and option.name not in ALWAYS_SHOWN):
            continue
        if option.is_flag:
            words.append(option.opts[0] if value else option.secondary_opts[0])
        else:
            words.append(f"{option.opts[0]} {value}")
    return " ".join(words)


def _stage(command: str, settings: dict[str, Any], curve: list[dict[str, str]]) -> Stage:
    if not curve:
        return Stage(command, settings, int(settings.get("steps", 0)), float(settings.get("hours_heard", 0)))
    last = curve[-1]
    return Stage(command, settings, int(last["step"]), float(last["hours_heard"]), float(last["minutes"]), len(curve))


def _read_curve(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))
