"""`average`: the mean of several checkpoints."""

from __future__ import annotations

from pathlib import Path

import click

from export.commands.options import FILE, json_option, show


@click.command()
@click.argument("checkpoints", type=FILE, nargs=-1, required=True)
@click.option("--out", type=FILE, required=True, help="Checkpoint to write.")
@json_option
def average(checkpoints: tuple[Path, ...], out: Path, as_json: bool) -> None:
    """Write the mean of the weights of CHECKPOINTS of runs that began at one place."""
    from export.averaging import average_checkpoints

    average_checkpoints(checkpoints, out)
    show(as_json, {"checkpoint": str(out)}, f"wrote {out}")
