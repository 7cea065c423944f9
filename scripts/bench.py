"""The benchmarks' command line."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from edge_server.config import REPOSITORY
from edge_server.engine.model_file import find_default_model
from edge_server.errors import HushboxError
from scripts.bench_box import box_table, run_box_benchmark
from scripts.bench_day import run_stream_soak
from scripts.bench_engine import DEFAULT_BATCHES, engine_table, run_engine_benchmark
from scripts.bench_hostile import hostile_failures, hostile_table, run_hostile_benchmark
from scripts.bench_sessions import MAX_BASELINE, run_sessions_benchmark, sessions_table
from scripts.bench_soak import run_crowd_soak, soak_failures, soak_table
from scripts.bench_stages import run_stages_benchmark, stages_table

MODEL_OPTION = click.option(
    "--model",
    type=click.Path(path_type=Path),
    envvar="HUSHBOX_MODEL",
    help="Model file; the default is HUSHBOX_MODEL, or else the shipped one.",
)
JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Measure the engine alone, or a whole box with many live sessions."""


@cli.command()
@MODEL_OPTION
@click.option("--seconds", default=1.0, show_default=True, type=click.FloatRange(0.01), help="Time for each row.")
@JSON_OPTION
def engine(model: Path | None, seconds: float, as_json: bool) -> None:
    """Frames per second against the batch size, in int8 and (if the file is there) fp32."""
    result = run_engine_benchmark(_model(model), DEFAULT_BATCHES, seconds_per_row=seconds)
    click.echo(json.dumps(result) if as_json else engine_table(result))


@cli.command()
@MODEL_OPTION
@click.option("--sessions", default=50, show_default=True, type=click.IntRange(1), help="Live sessions to try.")
@click.option("--packet-ms", default=20, show_default=True, type=click.IntRange(5, 100), help="Audio in a packet.")
@click.option("--seconds", default=5.0, show_default=True, type=click.FloatRange(0.2), help="Time for each load.")
@click.option(
    "--transport",
    default="socketio",
    show_default=True,
    type=click.Choice(["socketio", "raw", "polling"]),
    help="How everyone connects: Socket.IO over WebSocket, the raw lane, or long polling.",
)
@click.option("--tls", is_flag=True, help="Over HTTPS.")
@click.option("--baseline/--no-baseline", default=True, show_default=True, help="Measure the naive handler too.")
@click.option("--search/--no-search", default=True, show_default=True, help="Look for fewer when it is too many.")
@JSON_OPTION
def sessions(
    model: Path | None,
    sessions: int,
    packet_ms: int,
    seconds: float,
    transport: str,
    tls: bool,
    baseline: bool,
    search: bool,
    as_json: bool,
) -> None:
    """Live sessions against the real server, and against a naive Flask-SocketIO handler."""
    result = run_sessions_benchmark(
        _model(model),
        sessions,
        packet_ms,
        seconds,
        transport=transport,
        tls=tls,
        max_baseline_sessions=MAX_BASELINE if baseline else 0,
        search=search,
        tell=partial(click.echo, err=True),
    )
    click.echo(json.dumps(result) if as_json else sessions_table(result))


@cli.command()
@MODEL_OPTION
@JSON_OPTION
def stages(model: Path | None, as_json: bool) -> None:
    """Where the microseconds of one packet go, in CPU time."""
    result = run_stages_benchmark(_model(model))
    click.echo(json.dumps(result) if as_json else stages_table(result))


@cli.command()
@MODEL_OPTION
@JSON_OPTION
def box(model: Path | None, as_json: bool) -> None:
    """Start to ready, memory idle and for a session, CPU while nobody speaks."""
    result = run_box_benchmark(_model(model))
    click.echo(json.dumps(result) if as_json else box_table(result))


@cli.command()
@MODEL_OPTION
@click.option("--hours", default=24.0, show_default=True, help="Simulated hours of one stream; 0 leaves them out.")
@click.option("--minutes", default=60.0, show_default=True, help="Real minutes of sessions that come and go; or 0.")
@click.option(
    "--sessions",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="How many come at a time, half of them in each of two lines.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 1 if memory grew by 2 %, something drifted, was left or sounded wrong. What the crowd heard late"
    " is no failure: that depends on what else the machine does.",
)
@JSON_OPTION
def soak(model: Path | None, hours: float, minutes: float, sessions: int, check: bool, as_json: bool) -> None:
    """What grows, drifts or leaks when a box runs for long."""
    result: dict[str, Any] = {"benchmark": "soak"}
    if hours:
        result |= {"stream": run_stream_soak(_model(model), hours)}
    if minutes:
        result |= {"crowd": run_crowd_soak(_model(model), sessions, minutes)}
    parts = [soak_table(part) for part in (result.get("stream"), result.get("crowd")) if part]
    click.echo(json.dumps(result) if as_json else "\n\n".join(parts))
    _exit_on(soak_failures(result) if check else [])


@cli.command()
@MODEL_OPTION
@click.option("--seconds", default=3.0, show_default=True, type=click.FloatRange(0.2), help="Time for each attack.")
@click.option(
    "--check", is_flag=True, help="Exit with 1 if the others' audio is wrong, late, or 5 ms slower at its p99."
)
@JSON_OPTION
def hostile(model: Path | None, seconds: float, check: bool, as_json: bool) -> None:
    """What each kind of bad client does to the slowest answers of the others."""
    result = run_hostile_benchmark(_model(model), seconds, tell=partial(click.echo, err=True))
    click.echo(json.dumps(result) if as_json else hostile_table(result))
    _exit_on(hostile_failures(result) if check else [])


@cli.command()
@MODEL_OPTION
@click.option(
    "-o",
    "--output",
    default=Path("bench-report"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the page.",
)
@click.option("--seconds", default=4.0, show_default=True, type=click.FloatRange(0.2), help="Time for each load.")
@click.option("--sessions", default="25,50,100,150,200", show_default=True, help="How many sessions to try.")
def report(model: Path | None, output: Path, seconds: float, sessions: str) -> None:
    """A page with plots: sessions against p99, batch size against cost, where the microseconds go."""
    # Only here: nothing else needs matplotlib, which a box does not have.
    from scripts.bench_report import write_report

    click.echo(write_report(_model(model), output, [int(count) for count in sessions.split(",")], seconds))


def _model(model: Path | None) -> Path:
    return model or find_default_model(REPOSITORY / "quantized_models")


def _exit_on(failures: list[str]) -> None:
    for failure in failures:
        click.echo(f"bench: {failure}", err=True)
    if failures:
        sys.exit(1)


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
