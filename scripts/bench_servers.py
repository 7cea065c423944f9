"""The servers that the benchmarks load, each in a process of its own."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from edge_server.auth.tokens import SPEAKER
from edge_server.config import REPOSITORY, Settings
from edge_server.desks import token_desk
from edge_server.errors import EngineFailedError

START_TIMEOUT_S = 30.0
TOKEN_TTL_S = 24 * 3600


@dataclass(slots=True)
class Server:
    """A server under load; `dialect` says how it is spoken to, `address` from where."""

    port: int
    tokens: list[str]
    dialect: str
    tls: bool
    pid: int
    address: str = "127.0.0.1"


@contextmanager
def running_box(
    model_path: Path, sessions: int, transport: str, tls: bool, admit_measured: bool = False
) -> Iterator[Server]:
    """Run a box in a process of its own, with room for so many sessions and a token for each.

    No more than its self-test finds, if it may.
    """
    with tempfile.TemporaryDirectory() as data_dir:
        options = ["--data-dir", data_dir, "--model", str(model_path), "--http-port", "0"]
        options.append("--admit-measured" if admit_measured else "--no-admit-measured")
        options += ["--https-host", "127.0.0.1", "--https-port", "0"] if tls else ["--no-https"]
        limits = ["--max-streams", str(sessions), "--max-connections", str(6 * sessions + 32)]
        command = [sys.executable, "-m", "edge_server", "serve", *options, *limits]
        with _running(command) as process:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, b"")
            port = next(int(found[1]) for line in lines if (found := re.search(rb"http://localhost:(\d+)", line)))
            desk = token_desk(Settings(data_dir=Path(data_dir)))
            tokens = [desk.issue(SPEAKER, ttl_s=TOKEN_TTL_S).token for _ in range(sessions)]
            if tls:
                port = other_port(process.pid, port)
            yield Server(port, tokens, transport, tls, process.pid)


def other_port(pid: int, port: int) -> int:
    """Give the other of the two ports on which a box listens."""
    listening = [it for it in psutil.Process(pid).net_connections("tcp4") if it.status == psutil.CONN_LISTEN]
    return next(int(it.laddr.port) for it in listening if it.laddr.port != port)


@contextmanager
def running_naive(model_path: Path) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with _running([sys.executable, "-m", "scripts.bench_naive", str(model_path), str(port)]) as process:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError as error:
                if time.monotonic() > deadline_s or process.poll() is not None:
                    raise EngineFailedError("The naive server did not start.") from error
                time.sleep(0.05)
        yield Server(port, [""], "naive", False, process.pid)


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=REPOSITORY, env=environment
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_TIMEOUT_S)
