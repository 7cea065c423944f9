"""The command line: make | train | average | export | quantize | verify | evaluate | harm | card | bench | inspect."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from edge_server.errors import HushboxError
from export.commands.average import average
from export.commands.bench import bench
from export.commands.card import card
from export.commands.evaluate import evaluate
from export.commands.export import export
from export.commands.harm import harm
from export.commands.inspect import inspect
from export.commands.make import make
from export.commands.options import CACHE, DATA, FILE, folder_option, json_option, show
from export.commands.quantize import quantize
from export.commands.verify import verify
from export.errors import ExportError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train a streaming speech denoiser and turn it into a proven int8 ONNX model."""


@main.command()
@folder_option("--speech", DATA / "speech", "Clean speech: audio files, or files with a segments.csv.")
@folder_option("--noise", DATA / "noise", "Noise: audio files, or files with a segments.csv.")
@folder_option("--valid", DATA / "valid", "Pairs in noisy/ and clean/, for choosing the best checkpoint only.")
@folder_option("--out", Path("runs/hush"), "Folder of checkpoints and curve. A run that is there goes on.")
@folder_option("--cache", CACHE, "Folder for decoded audio.")
@click.option("--steps", default=10000, show_default=True, help="Optimiser steps.")
@click.option("--batch", default=16, show_default=True, help="Examples of four seconds a step.")
@click.option("--lr", default=3e-3, show_default=True, help="Highest learning rate.")
@click.option("--validate-every", default=1000, show_default=True, help="Steps between checkpoints.")
@click.option("--seed", default=1, show_default=True, help="Seed of weights and mixtures.")
@click.option("--start-from", type=FILE, help="Trained checkpoint of at most this size to go on from.")
@click.option("--intelligibility", default=0.1, show_default=True, help="Weight of the loss of intelligibility.")
@click.option("--perceptual", default=0.02, show_default=True, help="Weight of the loss of perceived quality.")
@click.option("--distortion", default=0.006, show_default=True, help="Weight of a decibel of distortion.")
@click.option("--removal", default=0.3, show_default=True, help="Extra weight of speech that was removed.")
@click.option("--residue", default=0.0, show_default=True, help="Extra weight of what is left in pauses.")
@click.option("--threads", default=1, show_default=True, help="Threads of the training loop; mixing takes one more.")
@click.option("--bfloat16/--float32", default=True, show_default=True, help="Precision of matrix products in training.")
@click.option("--tokens", default=20, show_default=True, help="Groups of bands.")
@click.option("--channels", default=48, show_default=True, help="Values for each group.")
@click.option("--full-band", default=192, show_default=True, help="Size of the recurrent layers over the whole band.")
@click.option("--blocks", default=2, show_default=True, help="Pairs of recurrent layers.")
@click.option("--gains", default=80, show_default=True, type=click.Choice(["80", "257"]), help="For bands or for bins.")
@click.option("--filter-bins", default=0, show_default=True, help="Lowest bins that are also filtered over time.")
@json_option
def train(
    tokens: int,
    channels: int,
    full_band: int,
    blocks: int,
    gains: str,
    filter_bins: int,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train a denoiser; writes last.pt, best.pt, curve.csv, curve.png and run.json."""
    from export.curve import plot_curve
    from export.model import ModelConfig
    from export.train import TrainConfig, Trainer

    model = ModelConfig(tokens, channels, full_band, blocks, int(gains), filter_bins)
    best = Trainer(TrainConfig(model=model, **settings)).run()
    plot_curve(best.parent / "curve.csv", best.parent / "curve.png")
    show(as_json, {"checkpoint": str(best), "curve": str(best.parent / "curve.csv")}, f"best checkpoint: {best}")


for command in (make, average, export, quantize, verify, evaluate, harm, card, bench, inspect):
    main.add_command(command)


def run() -> None:
    """Run the command line; an error of ours is one sentence and exit code 1 (as JSON too with --json), never a traceback."""
    try:
        main(prog_name="hushbox-export")
    except ModuleNotFoundError as error:
        fail("package_missing", f"{error}; run 'pip install -r export/requirements.txt' first")
    except (ExportError, HushboxError) as error:
        fail(error.code, str(error))
    except OSError as error:
        fail("file_unusable", str(error))


def fail(code: str, message: str) -> NoReturn:
    """Print an error and exit with code 1."""
    click.echo(f"error: {message}", err=True)
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": {"code": code, "message": message}}))
    sys.exit(1)


if __name__ == "__main__":
    run()
