"""The real service as a process, as a user starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PIN_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_ADDRESS = re.compile(r"(http://localhost:(\d+))/#pin=(\d{6})")


class Box:
    """A running `edge_server serve` on a free port of localhost. It reads the PINs that the terminal shows."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._settings = dict(settings or {})
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://localhost:{self._port}"

    def start(self) -> None:
        """Start the service; after a stop, on the same port and with the same keys."""
        self._pins: list[str] = []
        self._used_pins = 0
        self._ended = False
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", "edge_server", "serve"],
            cwd=REPOSITORY,
            env=os.environ | self._environment(),
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        self._wait_for_pin()

    def take_pin(self) -> str:
        """Give a PIN that was not given before."""
        self._wait_for_pin()
        self._used_pins = len(self._pins)
        return self._pins[-1]

    def stop(self) -> None:
        """Stop the service as Ctrl-C does."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(STOP_TIMEOUT_S)

    def mint_token(self, *options: str) -> str:
        """Give a token of this box from the command line."""
        command = [sys.executable, "-m", "edge_server", "token", *options]
        environment = os.environ | self._environment()
        return subprocess.check_output(command, cwd=REPOSITORY, env=environment, text=True).strip()

    def _wait_for_pin(self) -> None:
        with self._news:
            self._news.wait_for(lambda: self._ended or len(self._pins) > self._used_pins, PIN_TIMEOUT_S)
            if len(self._pins) == self._used_pins:
                raise RuntimeError("The box showed no new PIN; what it said is above.")

    def _environment(self) -> dict[str, str]:
        return {
            "HUSHBOX_DATA_DIR": str(self.data_dir),
            "HUSHBOX_HTTP_PORT": str(self._port),
            "HUSHBOX_HTTPS": "false",
            "PYTHONIOENCODING": "utf-8",
            **self._settings,
        }

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            match = _ADDRESS.search(line)
            if match is None:
                continue
            with self._news:
                self._port = int(match[2])
                self._pins.append(match[3])
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()
