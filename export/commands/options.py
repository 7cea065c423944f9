"""Options that several commands share, and how results are shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DATA = Path("../shared/data")
MODELS = Path("quantized_models")
CACHE = Path.home() / ".cache" / "hushbox"

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

target_option = click.option(
    "--target",
    type=click.Choice(["auto", "arm64", "avx2", "avx512_vnni"]),
    default="auto",
    show_default=True,
    help="Processor to quantize for; auto is right on every one of them.",
)

form_option_values = click.Choice(["auto", "int8", "int8-conv", "weights8", "weights4"])

force_option = click.option(
    "--force", is_flag=True, help="Write the files whatever the verdict; their metadata says so."
)


def folder_option(flag: str, default: Path, text: str) -> Callable[[Any], Any]:
    """Return a click option for a folder."""
    return click.option(flag, type=FOLDER, default=default, show_default=True, help=text)


def with_model(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--name` and `--out` to a command."""
    named = click.option(
        "--name", default="hush", show_default=True, help="Name of the model; files are NAME.int8.onnx and so on."
    )
    shown: Callable[..., None] = named(folder_option("--out", MODELS, "Folder of the model's files.")(command))
    return shown


def show(as_json: bool, results: dict[str, Any] | list[Any], text: str) -> None:
    """Print `results` as JSON, or `text` for a person."""
    click.echo(json.dumps(results, indent=2) if as_json else text)


def second_file(shipped: Path) -> str:
    """Return the words for the file for several frames beside a shipped one."""
    from export.metadata import several_path

    path = several_path(shipped)
    return str(path) if path.is_file() else "no file for several frames at once (this graph cannot be unrolled)"
