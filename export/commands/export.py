"""`export`: a checkpoint as a streaming fp32 graph."""

from __future__ import annotations

from pathlib import Path

import click

from export.commands.options import FILE, json_option, show, with_model


@click.command()
@click.argument("checkpoint", type=FILE)
@click.option("--factory", help="MODULE:FACTORY that makes the module.  [default: our own denoiser]")
@click.option("--licence", help="Licence of the weights, for the metadata.")
@with_model
@json_option
def export(checkpoint: Path, factory: str | None, licence: str | None, name: str, out: Path, as_json: bool) -> None:
    """Write CHECKPOINT as a streaming fp32 ONNX graph, after checking that its module keeps the contract."""
    from export.metadata import Names, read_facts
    from export.pipeline import OURS, export_fp32

    names = Names(out, name)
    export_fp32(checkpoint, names, factory or OURS, licence)
    results = {"file": str(names.fp32), "bytes": names.fp32.stat().st_size, "facts": read_facts(names.fp32)}
    show(as_json, results, f"wrote {names.fp32}")
