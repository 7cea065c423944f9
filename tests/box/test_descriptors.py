"""A process that may open few files admits few connections, and serves those."""

import http.client
import resource
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from edge_server.box.descriptors import fit_descriptors
from edge_server.config import Settings

SOFT, HARD = 160, 208


@pytest.mark.parametrize(
    ("limits", "https", "connections", "asked"),
    [
        ((1024, 1 << 20), True, 2048, 2 * 2048 + 128),
        ((1024, 1 << 20), False, 2048, 2048 + 128),
        ((1024, 1024), True, (1024 - 128) // 2, None),
        ((1024, 4000), False, 2048, 2048 + 128),
        ((1024, resource.RLIM_INFINITY), False, 2048, 2048 + 128),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), True, 2048, None),
        ((1 << 20, 1 << 20), True, 2048, None),
        ((64, 64), True, 1, None),
    ],
)
def test_as_many_connections_as_there_are_descriptors(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], https: bool, connections: int, asked: int | None
) -> None:
    set_limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda kind, new: set_limits.append(new))
    assert fit_descriptors(Settings(https=https)).max_connections == connections
    assert set_limits == ([] if asked is None else [(asked, limits[1])])


def test_a_box_with_few_descriptors_answers_beside_those_who_hold_connections(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    options = ["--data-dir", str(tmp_path), "--model", str(tiny_model_path), "--http-port", "0", "--no-https"]
    # Cut after a while, strangers make place; before that they took the last descriptor, and nothing answered.
    command = [sys.executable, "-m", "edge_server", "serve", *options, "--handshake-timeout-s", "1"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (SOFT, HARD)),
    )
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if "http://localhost:" in line)
        port = int(line.split("http://localhost:")[1].split("/")[0].split()[0])
        with ExitStack() as held:
            for _ in range(2 * HARD):
                held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            # From another address: of one alone there are never more than half.
            other = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=("127.0.0.2", 0))
            other.request("GET", "/healthz")
            assert other.getresponse().status == 200
            other.close()
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert f"{HARD} open files: {HARD - 128} connections" in errors
    assert "Traceback" not in errors
