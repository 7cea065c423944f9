"""`card`: the page that goes with a model."""

from __future__ import annotations

from pathlib import Path

import click

from export.commands.options import DATA, FILE, FOLDER, with_model


@click.command()
@with_model
@click.option(
    "--report", type=FOLDER, required=True, help="Folder of 'evaluate NAME.int8.onnx NAME.fp32.onnx --report'."
)
@click.option(
    "--licences", type=FILE, default=DATA / "LICENSES.md", show_default=True, help="Licence list of the training audio."
)
@click.option(
    "--run",
    "runs",
    type=FOLDER,
    multiple=True,
    help="Folder of a training run that led to the model; several in order.",
)
@click.pass_context
def card(context: click.Context, name: str, out: Path, report: Path, licences: Path, runs: tuple[Path, ...]) -> None:
    """Write NAME.md, the model card, from NAME.json, NAME-curve.csv and an evaluation."""
    from export.card.write import write_card
    from export.metadata import Names

    parent = context.find_root().command
    train = parent.commands["train"] if isinstance(parent, click.Group) else click.Command("train")
    for path in write_card(Names(out, name), report, licences, train, runs):
        click.echo(f"wrote {path}")
