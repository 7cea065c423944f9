"""The command line: train | export | quantize | verify | evaluate | bench."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edge_server.errors import HushboxError
from export.errors import ExportError
from export.metadata import Names, read_facts

DATA = Path("../shared/data")
PEERS = Path("../shared/peers")
MODELS = Path("quantized_models")
CACHE = Path.home() / ".cache" / "hushbox"

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


def folder_option(flag: str, default: Path, text: str) -> Callable[[Any], Any]:
    """Return a click option for a folder."""
    return click.option(flag, type=FOLDER, default=default, show_default=True, help=text)


model_options = [
    click.option(
        "--name", default="hush", show_default=True, help="Name of the model; files are NAME.int8.onnx and so on."
    ),
    folder_option("--out", MODELS, "Folder of the model's files."),
]


def with_model(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--name` and `--out` to a command."""
    for option in reversed(model_options):
        command = option(command)
    return command


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
@click.option("--threads", default=1, show_default=True, help="Threads of the training loop; mixing takes one more.")
@click.option("--bfloat16/--float32", default=True, show_default=True, help="Precision of matrix products in training.")
@click.option("--tokens", default=20, show_default=True, help="Groups of bands.")
@click.option("--channels", default=48, show_default=True, help="Values for each group.")
@click.option("--full-band", default=192, show_default=True, help="Size of the recurrent layers over the whole band.")
@click.option("--blocks", default=2, show_default=True, help="Pairs of recurrent layers.")
def train(tokens: int, channels: int, full_band: int, blocks: int, **settings: Any) -> None:
    """Train a denoiser; writes last.pt, best.pt, curve.csv, curve.png and run.json."""
    from export.curve import plot_curve
    from export.model import ModelConfig
    from export.train import TrainConfig, Trainer

    best = Trainer(TrainConfig(model=ModelConfig(tokens, channels, full_band, blocks), **settings)).run()
    plot_curve(best.parent / "curve.csv", best.parent / "curve.png")
    click.echo(f"best checkpoint: {best}")


@main.command()
@click.argument("checkpoint", type=FILE)
@with_model
def export(checkpoint: Path, name: str, out: Path) -> None:
    """Write CHECKPOINT as a streaming fp32 ONNX graph."""
    from export.pipeline import export_fp32

    names = Names(out, name)
    export_fp32(checkpoint, names)
    click.echo(f"wrote {names.fp32}")


@main.command()
@with_model
@click.option(
    "--audio", type=FOLDER, help="Noisy recordings to calibrate on, instead of mixtures of --speech and --noise."
)
@folder_option("--speech", DATA / "speech", "Clean speech for calibration mixtures.")
@folder_option("--noise", DATA / "noise", "Noise for calibration mixtures.")
@folder_option("--cache", CACHE, "Folder for decoded audio.")
def quantize(name: str, out: Path, audio: Path | None, speech: Path, noise: Path, cache: Path) -> None:
    """Write NAME.int8.onnx from NAME.fp32.onnx with static integer matrix products, and its manifest."""
    from export.pipeline import mix_calibration, quantize_int8, read_recordings

    names = Names(out, name)
    if audio:
        samples = read_recordings(audio, int(read_facts(names.fp32)["sample_rate_hz"]))
    else:
        samples = mix_calibration(speech, noise, cache)
    products = quantize_int8(names, samples)
    click.echo(f"wrote {names.int8} with {len(products)} integer products, and {names.manifest}")


@main.command()
@click.argument("checkpoint", type=FILE)
@with_model
@folder_option("--audio", DATA / "valid", "Recordings to climb the ladder with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(checkpoint: Path, name: str, out: Path, audio: Path, as_json: bool) -> None:
    """Prove NAME.fp32.onnx and NAME.int8.onnx equal to CHECKPOINT, and note it in the manifest."""
    import torch

    from export.pipeline import verify_files

    # Single frames only lose time to a second thread.
    torch.set_num_threads(1)
    verification = verify_files(
        checkpoint,
        Names(out, name),
        audio,
        lambda rung: click.echo(f"holds  {rung.name}: {rung.difference:.3g} (allowed {rung.tolerance:g})", err=as_json),
    )
    if as_json:
        click.echo(json.dumps(verification.to_dict(), indent=2))
        return
    operators = verification.operators
    click.echo(f"holds  {operators.integer} matrix products in integers, {operators.float} in float")


@main.command()
@click.argument("models", nargs=-1, type=FILE)
@folder_option("--pairs", DATA / "valid", "Pairs in noisy/ and clean/.")
@folder_option("--peers", PEERS, "ONNX files of DTLN, GTCRN and UL-UNAS, scored in the same run if they are there.")
@click.option("--dnsmos", type=FILE, help="ONNX file of DNSMOS P.835, to score without the clean original too.")
@click.option(
    "--rnnoise/--no-rnnoise", default=True, show_default=True, help="Score RNNoise (pyrnnoise) in the same run."
)
@click.option("--limit", type=int, help="Only the first LIMIT pairs.")
@click.option("--report", type=FOLDER, help="Folder for clips.csv and summary.json.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    models: tuple[Path, ...],
    pairs: Path,
    peers: Path,
    dnsmos: Path | None,
    rnnoise: bool,
    limit: int | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Score int8 MODELS (NAME.int8.onnx beside NAME.json) and peers on noisy/clean pairs, in the server's engine."""
    from itertools import islice

    from export import evaluate as scoring
    from export.dnsmos import make_dnsmos
    from export.pairs import read_pairs
    from export.peers import System, find_peers, make_rnnoise

    systems: dict[str, System] = {"unprocessed": scoring.unprocessed}
    if rnnoise:
        systems["RNNoise"] = make_rnnoise()
    systems |= find_peers(peers)
    systems |= {path.name.removesuffix(".onnx"): scoring.hushbox(path) for path in models}
    chosen = list(islice(read_pairs(pairs), limit))
    results = scoring.evaluate(systems, chosen, make_dnsmos(dnsmos) if dnsmos else None)
    summary = scoring.summarise(results, chosen)
    if report:
        scoring.write_results(report, results, summary, chosen)
    click.echo(json.dumps(summary, indent=2) if as_json else scoring.table(summary))


@main.command()
@with_model
@click.option("--batch", "batches", multiple=True, type=int, default=(1, 8, 32, 64), show_default=True)
@click.option("--rounds", default=15, show_default=True, help="Alternating rounds for each file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def bench(name: str, out: Path, batches: tuple[int, ...], rounds: int, as_json: bool) -> None:
    """Time NAME.int8.onnx against NAME.fp32.onnx at several batch sizes, on one thread."""
    from export.bench import bench as measure

    names = Names(out, name)
    costs = measure(names.fp32, names.int8, batches, rounds)
    if as_json:
        click.echo(json.dumps([cost.to_dict() for cost in costs], indent=2))
        return
    click.echo("batch  fp32 us/frame  int8 us/frame  int8 is")
    for cost in costs:
        click.echo(f"{cost.batch:5d}  {cost.fp32_us:13.1f}  {cost.int8_us:13.1f}  {cost.ratio:.2f}x as fast")


def run() -> None:
    """Run the command line; an error of ours is one sentence and exit code 1, never a traceback."""
    try:
        main(prog_name="python -m export")
    except ModuleNotFoundError as error:
        click.echo(f"error: {error}; run 'pip install -r export/requirements.txt' first", err=True)
        sys.exit(1)
    except (ExportError, HushboxError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
