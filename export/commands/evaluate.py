"""`evaluate`: scores of models and peers on noisy/clean pairs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from export.commands.options import CACHE, DATA, FILE, FOLDER, json_option, show

PEERS = Path("../shared/peers")
DNSMOS = Path("../shared/metrics/dnsmos_p835.onnx")


@click.command()
@click.argument("models", nargs=-1, type=FILE)
@click.option("--pairs", type=FOLDER, default=DATA / "valid", show_default=True, help="Pairs in noisy/ and clean/.")
@click.option("--peers", type=FOLDER, default=PEERS, show_default=True, help="ONNX files of DTLN, GTCRN and UL-UNAS.")
@click.option("--rnnoise/--no-rnnoise", default=True, show_default=True, help="Score RNNoise (pyrnnoise) too.")
@click.option("--dnsmos", type=FILE, help=f"ONNX file of DNSMOS P.835.  [default: {DNSMOS} if it is there]")
@click.option("--no-dnsmos", is_flag=True, help="Do without DNSMOS P.835, which takes most of the time.")
@click.option("--harm/--no-harm", default=True, show_default=True, help="Put harm of the int8 models in the report.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first LIMIT pairs.")
@click.option("--processes", type=click.IntRange(min=1), help="Processes that share the work.  [default: one a core]")
@click.option("--cache", type=FOLDER, default=CACHE, show_default=True, help="Folder where scores of peers are kept.")
@click.option("--report", type=FOLDER, help="Folder for clips.csv, evaluation.json and report.html.")
@json_option
def evaluate(
    models: tuple[Path, ...],
    pairs: Path,
    peers: Path,
    rnnoise: bool,
    dnsmos: Path | None,
    no_dnsmos: bool,
    harm: bool,
    limit: int | None,
    processes: int | None,
    cache: Path,
    report: Path | None,
    as_json: bool,
) -> None:
    """Score MODELS (NAME.int8.onnx beside NAME.json, or NAME.fp32.onnx) and peers on noisy/clean pairs, in one run.

    Models run in the server's engine, peers frame by frame as their authors run them; everything is aligned in time.
    """
    from export.pairs import read_pairs
    from export.quality import evaluation, summary
    from export.quality.processes import default_processes
    from export.quality.systems import describe_models, describe_peers

    specs = describe_peers(peers, rnnoise) + describe_models(models)
    chosen = list(islice(read_pairs(pairs), limit))
    if dnsmos is None and DNSMOS.exists():
        dnsmos = DNSMOS
    settings = evaluation.Settings(None if no_dnsmos else dnsmos, cache, processes or default_processes())
    rows = evaluation.evaluate(specs, chosen, settings)
    if report:
        from export.quality.publish import publish

        written = publish(report, specs, chosen, settings, rows, harm)
        click.echo(f"wrote {', '.join(str(path) for path in written)}", err=True)
    show(as_json, summary.summarise(rows), summary.table(rows))
