"""`train`: from speech and noise to a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from export.commands.options import CACHE, DATA, FILE, folder_option, json_option, show
from export.recipe import ModelConfig, TrainConfig


def setting(flag: str, text: str, settings: type = TrainConfig, **more: Any) -> Callable[[Any], Any]:
    """Return a click option whose default is the one of `settings`."""
    name = flag.split("/")[0].removeprefix("--").replace("-", "_")
    return click.option(flag, default=getattr(settings, name), show_default=True, help=text, **more)


@click.command()
@folder_option("--speech", DATA / "speech", "Clean speech: audio files, or files with a segments.csv.")
@folder_option("--noise", DATA / "noise", "Noise: audio files, or files with a segments.csv.")
@folder_option("--valid", DATA / "valid", "Pairs in noisy/ and clean/, for choosing the best checkpoint only.")
@folder_option("--out", Path("runs/hush"), "Folder of checkpoints and curve. A run that is there goes on.")
@folder_option("--cache", CACHE, "Folder for decoded audio.")
@setting("--steps", "Optimiser steps.")
@setting("--batch", "Examples of four seconds a step.")
@setting("--lr", "Highest learning rate.")
@setting("--validate-every", "Steps between checkpoints.")
@setting("--seed", "Seed of weights and mixtures.")
@click.option("--start-from", type=FILE, help="Trained checkpoint of at most this size to go on from.")
@setting("--intelligibility", "Weight of the loss of intelligibility.")
@setting("--perceptual", "Weight of the loss of perceived quality.")
@setting("--distortion", "Weight of a decibel of distortion.")
@setting("--removal", "Extra weight of speech that was removed.")
@setting("--residue", "Extra weight of what is left in pauses.")
@setting("--threads", "Threads of the training loop; mixing takes one more.")
@setting("--bfloat16/--float32", "Precision of matrix products in training.")
@setting("--tokens", "Groups of bands.", ModelConfig)
@setting("--channels", "Values for each group.", ModelConfig)
@setting("--full-band", "Size of the recurrent layers over the whole band.", ModelConfig)
@setting("--blocks", "Pairs of recurrent layers.", ModelConfig)
@setting("--gains", "For bands or for bins.", ModelConfig, type=click.Choice((80, 257)))
@setting("--filter-bins", "Lowest bins that are also filtered over time.", ModelConfig)
@setting("--fine-bins", "Bins up to this one are heard one by one, too.", ModelConfig)
@setting("--phase-bins", "Lowest bins whose phases are heard; filtered ones only.", ModelConfig)
@json_option
def train(as_json: bool, **settings: Any) -> None:
    """Train a denoiser; writes last.pt, best.pt, curve.csv, curve.png and run.json."""
    from export.curve import plot_curve
    from export.train import Trainer

    sizes = {field.name: settings.pop(field.name) for field in fields(ModelConfig) if field.name in settings}
    model = ModelConfig(**sizes)
    best = Trainer(TrainConfig(model=model, **settings)).run()
    plot_curve(best.parent / "curve.csv", best.parent / "curve.png")
    show(as_json, {"checkpoint": str(best), "curve": str(best.parent / "curve.csv")}, f"best checkpoint: {best}")
