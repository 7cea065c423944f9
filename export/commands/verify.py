"""`verify`: the ladder of equalities from the trained network to the served file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from export.commands.options import DATA, FILE, folder_option, json_option, show, with_model

if TYPE_CHECKING:
    from export.verify import Rung


@click.command()
@click.argument("checkpoint", type=FILE)
@with_model
@folder_option("--audio", DATA / "valid", "Recordings to climb the ladder with.")
@json_option
def verify(checkpoint: Path, name: str, out: Path, audio: Path, as_json: bool) -> None:
    """Prove NAME.fp32.onnx and NAME.int8.onnx equal to CHECKPOINT, and note it in the manifest."""
    import torch

    from export.metadata import Names
    from export.pipeline import verify_files

    # Single frames only lose time to a second thread.
    torch.set_num_threads(1)

    verification = verify_files(checkpoint, Names(out, name), audio, lambda rung: echo_rung(rung, as_json))
    operators = verification.operators
    text = f"holds  {operators.integer} layers in integers, {operators.integer_macs_percent:g} % of all multiply-accumulates"
    show(as_json, verification.to_dict(), text)


def echo_rung(rung: Rung, as_json: bool) -> None:
    """Print one rung; to the error stream if the output is JSON."""
    word = "holds " if rung.holds else "BROKEN"
    click.echo(f"{word} {rung.name}: {rung.difference:.3g} (allowed {rung.tolerance:g})", err=as_json)
