"""The command line: make | train | average | export | quantize | verify | evaluate | harm | card | bench | inspect."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

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
from export.commands.quantize import quantize
from export.commands.train import train
from export.commands.verify import verify
from export.errors import ExportError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train a streaming speech denoiser and turn it into a proven int8 ONNX model."""


for command in (make, train, average, export, quantize, verify, evaluate, harm, card, bench, inspect):
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
