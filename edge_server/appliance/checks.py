"""What has to be in order for this box to serve."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from edge_server.app import open_model
from edge_server.appliance.addresses import local_names
from edge_server.appliance.tls import (
    certificate_files,
    certificate_problem,
    covered_names,
    ensure_certificate,
    utc_now,
)
from edge_server.auth.tokens import load_or_create_key
from edge_server.client_http import BoxHttp
from edge_server.config import Settings
from edge_server.engine.worker import Engine
from edge_server.engine_limits import engine_config, engine_threads
from edge_server.errors import AddressTakenError, DataFolderError, HushboxError
from edge_server.sessions.capacity import available_cores, measure_capacity


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One finding: whether it is good, and a sentence."""

    good: bool
    sentence: str


def run_checks(settings: Settings) -> Iterator[CheckResult]:
    """Look at the model, the engine, the data folder, the certificate and the ports, one after the other."""
    checks: list[Callable[[Settings], str]] = [_model, _engine, _capacity, _data_folder, _certificate, _http_port]
    if settings.https:
        checks.append(_https_port)
    for check in checks:
        try:
            yield CheckResult(True, check(settings))
        except HushboxError as error:
            yield CheckResult(False, error.message)


def _model(settings: Settings) -> str:
    model = open_model(settings)
    return f"The model {model.path.name} is the one that its manifest describes (SHA-256 {model.sha256[:12]}...)."


def _engine(settings: Settings) -> str:
    model = open_model(settings)
    engine = Engine(model, engine_config(settings, model.facts), lambda: None)
    engine.start()
    try:
        probe_s = engine.probe(settings.probe_timeout_s)
    finally:
        engine.stop()
    return f"Silence went through the engine in {1000 * probe_s:.1f} ms."


def _capacity(settings: Settings) -> str:
    measured = measure_capacity(open_model(settings), available_cores(), engine_threads(settings))
    return f"This box carries about {min(measured.voices, settings.max_streams)} live voices."


def _data_folder(settings: Settings) -> str:
    try:
        load_or_create_key(settings.token_key_file)
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        raise DataFolderError(f"The folder {settings.data_dir} cannot be used: {error}.") from error
    return f"The folder {settings.data_dir} holds the token key and can be written."


def _certificate(settings: Settings) -> str:
    names, now = local_names(), utc_now()
    try:
        before = certificate_problem(certificate_files(settings.certificate_folder), names, now)
        files = ensure_certificate(settings.certificate_folder, names, now)
    except OSError as error:
        raise DataFolderError(f"The certificate cannot be written: {error}.") from error
    problem = certificate_problem(files, names, now)
    if problem is not None:
        raise DataFolderError(problem)
    sentence = f"The certificate is valid and covers {', '.join(covered_names(names))}."
    return sentence if before is None else f"{before} A new one was made. {sentence}"


def _http_port(settings: Settings) -> str:
    return _port_free("http", settings.http_host, settings.http_port)


def _https_port(settings: Settings) -> str:
    return _port_free("https", settings.https_host, settings.https_port)


def _port_free(scheme: str, host: str, port: int) -> str:
    option = f"--{scheme}-port"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if _is_hushbox(f"{scheme}://localhost:{port}"):
                return f"A Hushbox serves on port {port} already."
            raise AddressTakenError(f"Port {port} is taken; choose another with {option}.") from error
    return f"Port {port} is free." if port else f"Some free port will do for {option}."


def _is_hushbox(url: str) -> bool:
    """Whether a box of this machine answers there."""
    try:
        info = json.loads(
            BoxHttp(url, None, insecure=True, timeout_s=2.0).request("GET", "/api/v1/info", None, "", None)
        )
    except (HushboxError, ValueError):
        return False
    return isinstance(info, dict) and info.get("name") == "hushbox"
