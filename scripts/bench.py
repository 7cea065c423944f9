"""The benchmarks' command line."""

import json
import sys
from pathlib import Path

import click

from edge_server.config import REPOSITORY
from edge_server.engine.model_file import find_default_model
from edge_server.errors import HushboxError
from scripts.bench_engine import DEFAULT_BATCHES, engine_table, run_engine_benchmark
from scripts.bench_sessions import MAX_BASELINE, run_sessions_benchmark, sessions_table

MODEL_OPTION = click.option(
    "--model", type=click.Path(path_type=Path), help="Model file; the default is the shipped one."
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure the engine alone, or a whole box with many live sessions."""


@cli.command()
@MODEL_OPTION
@click.option("--seconds", default=1.0, show_default=True, help="Time for each row.")
@JSON_OPTION
def engine(model: Path | None, seconds: float, as_json: bool) -> None:
    """Frames per second against the batch size, in int8 and (if the file is there) fp32."""
    result = run_engine_benchmark(_model(model), DEFAULT_BATCHES, seconds_per_row=seconds)
    click.echo(json.dumps(result) if as_json else engine_table(result))


@cli.command()
@MODEL_OPTION
@click.option("--sessions", default=50, show_default=True, type=click.IntRange(1), help="Live sessions to try.")
@click.option("--packet-ms", default=20, show_default=True, type=click.IntRange(5, 100), help="Audio in a packet.")
@click.option("--seconds", default=5.0, show_default=True, help="Time for each load.")
@click.option("--baseline/--no-baseline", default=True, show_default=True, help="Measure the naive handler too.")
@JSON_OPTION
def sessions(model: Path | None, sessions: int, packet_ms: int, seconds: float, baseline: bool, as_json: bool) -> None:
    """Live Socket.IO sessions against the real server, and against a naive Flask-SocketIO handler."""
    limit = MAX_BASELINE if baseline else 0
    result = run_sessions_benchmark(_model(model), sessions, packet_ms, seconds, max_baseline_sessions=limit)
    click.echo(json.dumps(result) if as_json else sessions_table(result))


def _model(model: Path | None) -> Path:
    return model or find_default_model(REPOSITORY / "quantized_models")


def main() -> int:
    """Run the command line; every known error is one sentence and exit code 1."""
    try:
        cli(prog_name="bench")
    except HushboxError as error:
        click.echo(f"bench: {error.message}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
