"""`quantize`: the fp32 graph in integers, with a verdict on whether that is worth it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from export.commands.options import (
    CACHE,
    DATA,
    FOLDER,
    folder_option,
    force_option,
    form_option_values,
    json_option,
    second_file,
    show,
    target_option,
    with_model,
)

if TYPE_CHECKING:
    from export.make import Made
    from export.metadata import Names


@click.command()
@with_model
@click.option(
    "--audio", type=FOLDER, help="Noisy recordings to calibrate on, instead of mixtures of --speech and --noise."
)
@folder_option("--speech", DATA / "speech", "Clean speech for calibration mixtures.")
@folder_option("--noise", DATA / "noise", "Noise for calibration mixtures.")
@folder_option("--cache", CACHE, "Folder for decoded audio.")
@target_option
@click.option(
    "--form",
    type=form_option_values,
    default="int8",
    show_default=True,
    help="What to write; auto measures all of them.",
)
@force_option
@json_option
@click.pass_context
def quantize(
    context: click.Context,
    name: str,
    out: Path,
    audio: Path | None,
    speech: Path,
    noise: Path,
    cache: Path,
    target: str,
    form: str,
    force: bool,
    as_json: bool,
) -> None:
    """Write NAME.int8.onnx from NAME.fp32.onnx with static integer matrix products, and its manifest.

    NAME.int8.x4.onnx is the same network for four frames in one run.

    Nothing is written if it would be slower than fp32, or broken: exit code 3 or 4.
    """
    from export.make import quantize_and_judge, refusal
    from export.metadata import Names, read_facts
    from export.pipeline import Choice, mix_calibration, read_recordings

    names = Names(out, name)
    rate_hz = int(read_facts(names.fp32)["sample_rate_hz"])
    samples = read_recordings(audio, rate_hz) if audio else mix_calibration(speech, noise, cache)
    made = quantize_and_judge(names, samples, Choice(target, form), force)
    show(as_json, made.to_dict(), _written(made, names) if made.written else refusal(made.verdict))
    if not made.written:
        context.exit(made.verdict.exit_code)


def _written(made: Made, names: Names) -> str:
    integer = sum(layer.form != "float" for layer in made.quantized.chosen.layers)
    percent = made.quantized.operators.integer_macs_percent
    layers = f"{integer} integer layers ({percent:g} % of the work)"
    return f"wrote {names.shipped()} with {layers}, {second_file(names.shipped())}, and {names.manifest}"
