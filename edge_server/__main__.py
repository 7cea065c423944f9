"""The command line: serve, denoise, token, check."""

from __future__ import annotations

import contextlib
import logging
import shlex
import signal
import sys
from pathlib import Path
from typing import Any

import click
import gevent

from edge_server import __version__
from edge_server.app import Service, open_model
from edge_server.appliance.addresses import is_loopback, lan_addresses
from edge_server.appliance.banner import pin_banner, qr_code, start_banner
from edge_server.appliance.checks import run_checks
from edge_server.appliance.options import settings_from, settings_options
from edge_server.auth.links import invitation_url, page_url
from edge_server.auth.tokens import ROLES
from edge_server.box.descriptors import fit_descriptors
from edge_server.box.heap import map_large_blocks
from edge_server.client_http import BoxHttp
from edge_server.client_jobs import JobClient
from edge_server.config import Settings
from edge_server.desks import Clocks, token_desk
from edge_server.errors import HushboxError, OutputUnwritableError
from edge_server.offline.denoise import denoise_files
from edge_server.offline.plan import plan_files
from edge_server.store.database import Database
from edge_server.store.invitations import MAX_LABEL_CHARACTERS, InvitationRequest, InvitationStore

GOOD, BAD = 0, 1
_REQUEST_TIMEOUT_S = 30.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hushbox")
def cli() -> None:
    """Hushbox: a private noise-cancelling service for the local network."""


@cli.command()
@settings_options()
def serve(**values: Any) -> None:
    """Serve the page, live voices and files until Ctrl-C."""
    service: Service

    def show_pin(pin: str) -> None:
        # On a thread: a terminal that was stopped or has vanished must hold up neither voices nor pairing.
        gevent.get_hub().threadpool.spawn(_print, pin_banner(pin, _best_url(service)))

    map_large_blocks()
    # Or every greenlet, three of a connection, remembers who began it, in a stack of objects that only a debugger reads.
    gevent.config.track_greenlet_tree = False
    service = Service(fit_descriptors(settings_from(values)), Clocks(), show_pin)
    service.start()
    _print(
        start_banner(
            _local_url(service),
            _lan_urls(service),
            service.model.facts.name,
            service.admission.to_dict()["text"],
            _invite_options(service),
        )
    )
    show_pin(service.pairing.pin)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, service.request_stop)
    service.stopped.wait()
    click.echo("Hushbox has stopped.")


@cli.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="A file, or a folder.")
@click.option("--suppression-limit-db", type=click.FloatRange(0, 100), help="Most attenuation; the default is none.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["wav", "flac"]),
    default="wav",
    show_default=True,
    help="Of the clean files.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@settings_options("model")
def denoise(
    inputs: tuple[Path, ...],
    output: Path,
    suppression_limit_db: float | None,
    file_format: Any,
    overwrite: bool,
    model: Path | None,
) -> None:
    """Clean INPUT files or folders without a server, in and out aligned sample by sample."""
    outcomes = denoise_files(
        list(inputs),
        output,
        open_model(settings_from({"model": model})),
        suppression_limit_db,
        file_format=file_format,
        overwrite=overwrite,
    )
    for outcome in outcomes:
        if outcome.error is not None:
            click.echo(f"{outcome.source}: {outcome.error.message}", err=True)
    click.echo(f"{sum(outcome.error is None for outcome in outcomes)} of {len(outcomes)} files cleaned.")
    if any(outcome.error is not None for outcome in outcomes):
        sys.exit(BAD)


@cli.command()
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="What it may be used for.")
@click.option("--ttl", "ttl_s", type=click.IntRange(1), default=1800, show_default=True, help="Lifetime in seconds.")
@settings_options("data_dir")
def token(role: str, ttl_s: int, data_dir: Path) -> None:
    """Print a token of this box, for scripts that cannot pair."""
    desk = token_desk(settings_from({"data_dir": data_dir}))
    click.echo(desk.issue(role, ttl_s=ttl_s).token)


@cli.command()
@click.option("--role", type=click.Choice(ROLES), default=ROLES[0], show_default=True, help="What its holder may do.")
@click.option(
    "--expires", "expires_in_s", type=click.IntRange(1), default=86_400, show_default=True, help="In seconds."
)
@click.option("--uses", "max_uses", type=click.IntRange(0), default=1, show_default=True, help="How often; 0: always.")
@click.option("--label", default="", help="Whom it is for.")
@click.option("--url", help="The address of the page, if it is not the one on the local network.")
@settings_options("data_dir", "http_port", "https_host", "https_port", "https", "max_invitations")
def invite(role: str, expires_in_s: int, max_uses: int, label: str, url: str | None, **values: Any) -> None:
    """Print a link and a QR code that let someone in; a link for the owner leads to the box's own page."""
    settings = settings_from(values)
    store = InvitationStore(Database(settings.database_file), settings.max_invitations, Clocks().unix)
    _, code = store.create(InvitationRequest(role, expires_in_s, max_uses, label[:MAX_LABEL_CHARACTERS]))
    link = invitation_url(url or page_url(settings, settings.http_port, settings.https_port), code)
    _print(f"{link}\n{qr_code(link)}")


@cli.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help="The clean file (.wav or .flac), or a folder.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--url", required=True, help="The box, like https://192.168.1.20:8443.")
@click.option("--token", required=True, envvar="HUSHBOX_TOKEN", show_envvar=True, help="A token of the box.")
@click.option("--ca", type=click.Path(path_type=Path, exists=True), help="The certificate of the box.")
@click.option("--insecure", is_flag=True, help="Take any certificate.")
@click.option("--suppression-limit-db", type=click.FloatRange(0, 100), help="Most attenuation; the default is none.")
@click.option("--detailed", is_flag=True, help="Show the detailed log.")
def clean(
    source: Path,
    output: Path,
    overwrite: bool,
    url: str,
    token: str,
    ca: Path | None,
    insecure: bool,
    suppression_limit_db: float | None,
    detailed: bool,
) -> None:
    """Clean SOURCE on a box of the network: sent in chunks, its log shown live."""
    [pair] = plan_files([source], output, overwrite=overwrite)
    http = BoxHttp(url, ca, insecure, _REQUEST_TIMEOUT_S)
    client = JobClient(http, token, on_wait=lambda line: click.echo(line, err=True))
    detail = "detailed" if detailed else "short"
    try:
        pair.target.parent.mkdir(parents=True, exist_ok=True)
        client.clean(source, pair.target, suppression_limit_db, on_log=click.echo, detail=detail)
    except OSError as error:
        raise OutputUnwritableError(f"{pair.target} cannot be written: {error.strerror}.") from error


@cli.command()
@settings_options("data_dir", "model", "http_host", "http_port", "https_host", "https_port", "https")
def check(**values: Any) -> None:
    """Check that this box can serve: model, engine, folder, certificate, ports."""
    good = True
    for result in run_checks(settings_from(values)):
        click.echo(f"{'✓' if result.good else '✗'} {result.sentence}")
        good = good and result.good
    if not good:
        sys.exit(BAD)


def _print(text: str) -> None:
    drawable = text.encode(sys.stdout.encoding or "ascii", "replace").decode(sys.stdout.encoding or "ascii")
    # A terminal that is gone cannot be told anything, and nobody else has to know.
    with contextlib.suppress(OSError):
        click.echo(drawable)


def _local_url(service: Service) -> str:
    return f"http://localhost:{service.http_port}"


def _lan_urls(service: Service) -> list[str]:
    if service.https_port is None or is_loopback(service.settings.https_host):
        return []
    return [f"https://{address}:{service.https_port}" for address in lan_addresses()]


def _invite_options(service: Service) -> str:
    """What else `invite` has to be told, to find this box and to print its address."""
    usual, settings = Settings(), service.settings
    told = {"--data-dir": str(settings.data_dir) if settings.data_dir != usual.data_dir else None}
    if settings.https:
        told["--https-port"] = str(service.https_port) if service.https_port != usual.https_port else None
    else:
        told["--no-https --http-port"] = str(service.http_port)
    return "".join(f" {option} {shlex.quote(value)}" for option, value in told.items() if value is not None)


def _best_url(service: Service) -> str:
    return next(iter(_lan_urls(service)), _local_url(service))


def main() -> int:
    """Run the command line; every known error is one sentence and exit code 1."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        cli(prog_name="hushbox")
    except HushboxError as error:
        click.echo(f"hushbox: {error.message}", err=True)
        return BAD
    return GOOD


if __name__ == "__main__":
    sys.exit(main())
