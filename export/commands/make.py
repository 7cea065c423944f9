"""`make`: a module and a checkpoint the whole way, ending with one verdict page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from export.commands.options import (
    DATA,
    FILE,
    FOLDER,
    MODELS,
    folder_option,
    force_option,
    form_option_values,
    json_option,
    second_file,
    show,
    target_option,
)
from export.commands.verify import echo_rung

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

if TYPE_CHECKING:
    from export.make import Made, Order
    from export.metadata import Names


@click.command()
@click.argument("factory", metavar="MODULE:FACTORY")
@click.option("--checkpoint", type=FILE, required=True, help="Weights: a state_dict, or a dictionary that holds one.")
@folder_option("--out", MODELS, "Folder for the files; the report goes to NAME.report/ in it.")
@click.option("--name", help="Name of the model.  [default: the checkpoint's]")
@folder_option("--audio", DATA / "valid", "Noisy recordings (or pairs) to calibrate on and to climb the ladder with.")
@click.option(
    "--pairs", type=FOLDER, help="Pairs in noisy/ and clean/, to score what integers cost in PESQ and SI-SDR."
)
@click.option("--licence", help="Licence of the weights, for the metadata.")
@target_option
@click.option(
    "--form",
    type=form_option_values,
    default="auto",
    show_default=True,
    help="What to write; auto measures all of them.",
)
@click.option(
    "--rounds", type=click.IntRange(1), default=15, show_default=True, help="Rounds of the comparison with fp32."
)
@force_option
@json_option
@click.pass_context
def make(
    context: click.Context,
    factory: str,
    checkpoint: Path,
    out: Path,
    name: str | None,
    audio: Path,
    pairs: Path | None,
    licence: str | None,
    target: str,
    form: str,
    rounds: int,
    force: bool,
    as_json: bool,
) -> None:
    """Export, quantize, prove and judge the module that MODULE:FACTORY makes (docs/export.md says what it has to have).

    The files are written if they are worth it, or with --force; the report always. Exit code 0: written; 1: an error;
    3: not worth it; 4: broken.
    """
    from export.make import Order
    from export.pipeline import Choice

    names = _names(out, checkpoint.name.split(".", 1)[0] if name is None else name)
    order = Order(names.name, Choice(target, form), audio, pairs, licence, rounds, force)
    made = _make_and_report(factory, checkpoint, names, order)
    show(as_json, {**made.to_dict(), "report": str(names.report / "report.html")}, describe(made, names))
    if not made.written:
        context.exit(made.verdict.exit_code)


def _names(out: Path, name: str) -> Names:
    from export.metadata import Names

    if not NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} is no name for files: letters, digits, - and _ only.", param_hint="--name")
    return Names(out, name)


def _make_and_report(factory: str, checkpoint: Path, names: Names, order: Order) -> Made:
    import torch

    from export.make import make as go
    from export.report.card import write_short_card
    from export.report.write import write_report

    # Single frames only lose time to a second thread.
    torch.set_num_threads(1)
    made = go(
        factory,
        checkpoint,
        names.folder,
        order,
        lambda rung: echo_rung(rung, as_json=True),
        lambda staged, found, noisy: write_report(names.report, staged, found, noisy),
    )
    if made.written:
        write_short_card(names)
    return made


def describe(made: Made, names: Names) -> str:
    """Return the verdict, its reasons and where everything is, as lines for a person."""
    from export.make import refusal

    lines = [made.verdict.outcome, *(f"  {reason}" for reason in made.verdict.reasons)]
    lines.append(f"wrote {names.shipped()}, {second_file(names.shipped())}" if made.written else refusal(made.verdict))
    return "\n".join([*lines, f"the verdict page is {names.report / 'report.html'}"])
