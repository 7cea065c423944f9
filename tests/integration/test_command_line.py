"""The commands as a user types them."""

import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_server.auth.tokens import OWNER
from edge_server.config import Settings
from edge_server.desks import token_desk
from tests.audio_files import encoded
from tests.running_box import running_box


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_server", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def assert_one_sentence(result: subprocess.CompletedProcess[str], part: str) -> None:
    assert result.returncode != 0
    assert part in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_check_finds_a_good_box_good(tiny_model_path: Path, tmp_path: Path) -> None:
    result = run(
        "check", "--data-dir", str(tmp_path), "--model", str(tiny_model_path), "--http-port", "0", "--https-port", "0"
    )
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("✓ ") for line in lines)


def test_check_knows_a_box_that_serves_already(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, https=True) as box:
        ports = ("--http-port", str(box.service.http_port), "--https-port", str(box.service.https_port))
        result = run("check", "--data-dir", str(tmp_path), "--model", str(tiny_model_path), *ports)
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("A Hushbox serves on port ") == 2


def test_check_says_that_a_damaged_key_was_replaced(tiny_model_path: Path, tmp_path: Path) -> None:
    arguments = ("check", "--data-dir", str(tmp_path), "--model", str(tiny_model_path), "--http-port", "0")
    free = ("--https-port", "0")
    assert "There is no certificate yet." in run(*arguments, *free).stdout
    assert "A new one was made" not in run(*arguments, *free).stdout
    (tmp_path / "tls" / "private-key.pem").write_bytes(b"")
    result = run(*arguments, *free)
    assert result.returncode == 0
    assert "The certificate or its key cannot be read. A new one was made." in result.stdout


def test_check_names_what_is_wrong(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run(
            "check", "--data-dir", str(tmp_path), "--model", "/nowhere.onnx", "--http-port", str(port), "--no-https"
        )
    assert result.returncode == 1
    wrong = [line for line in result.stdout.splitlines() if line.startswith("✗ ")]
    assert any("/nowhere.onnx" in line for line in wrong)
    assert any("--http-port" in line for line in wrong)


def test_a_taken_port_is_told_with_the_option_to_change(tiny_model_path: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        common = ("serve", "--data-dir", str(tmp_path), "--model", str(tiny_model_path))
        assert_one_sentence(run(*common, "--http-port", port, "--no-https"), "--http-port")
        https = ("--http-port", "0", "--https-host", "127.0.0.1", "--https-port", port)
        assert_one_sentence(run(*common, *https), "--https-port")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("serve", "--model", "/nowhere.onnx", "--data-dir", "{tmp}"), "/nowhere.onnx"),
        (("serve", "--http-port", "70000"), "http_port"),
        (("token", "--data-dir", "/proc/nowhere"), "--data-dir"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], part: str) -> None:
    assert_one_sentence(run(*(argument.format(tmp=tmp_path) for argument in arguments)), part)


def test_a_printed_token_is_good_on_this_box(tmp_path: Path) -> None:
    result = run("token", "--role", "owner", "--ttl", "120", "--data-dir", str(tmp_path))
    assert result.returncode == 0
    claims = token_desk(Settings(data_dir=tmp_path)).verify(result.stdout.strip())
    assert claims.role == OWNER


def test_denoise_tells_which_file_failed_and_does_the_others(tiny_model_path: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.wav").write_bytes(b"no audio")
    (tmp_path / "in" / "good.wav").write_bytes(encoded(np.zeros(1600, np.int16), 16000))
    result = run("denoise", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", str(tiny_model_path))
    assert_one_sentence(result, "bad.wav")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.wav"]
