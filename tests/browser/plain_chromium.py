"""Chromium without a driver. Playwright keeps every page visible; here a tab behind another one is hidden, as a person's is."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import websocket

from tests.browser.browsers import EXECUTABLE, PATIENCE_MS

_TIMEOUT_S = PATIENCE_MS / 1000
_LOOK_S = 0.1
_ADDRESS = re.compile(r"DevTools listening on ws://([^/]+)/")


class Tab:
    """One tab, over the Chrome DevTools Protocol."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, suppress_origin=True, timeout=_TIMEOUT_S)
        self._calls = 0

    def go_to(self, url: str) -> None:
        """Open an address."""
        self._call("Page.navigate", url=url)

    def open_another(self) -> None:
        """Open a tab in front of this one."""
        self._call("Target.createTarget", url="about:blank")

    def come_to_front(self) -> None:
        """Show this tab."""
        self._call("Page.bringToFront")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, as if a person had clicked for it."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + _TIMEOUT_S
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, f"This never became true: {expression}"
            time.sleep(_LOOK_S)

    def close(self) -> None:
        """Let go of the tab."""
        self._socket.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._calls:
                assert "result" in message, message
                result: dict[str, Any] = message["result"]
                return result


@contextmanager
def open_plain_tab(microphone: Path) -> Iterator[Tab]:
    """Start Chromium with a WAV file as its microphone, and give its first tab."""
    with TemporaryDirectory(prefix="hushbox-plain-", ignore_cleanup_errors=True) as profile:
        flags = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--lang=en-GB",
            "--remote-debugging-port=0",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
            f"--user-data-dir={profile}",
        ]
        process = subprocess.Popen([str(EXECUTABLE), *flags, "about:blank"], stderr=subprocess.PIPE, text=True)
        try:
            tab = Tab(_first_tab(process))
            yield tab
            tab.close()
        finally:
            process.terminate()
            process.wait(_TIMEOUT_S)


def _first_tab(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        match = _ADDRESS.search(line)
        if match is not None:
            break
    else:
        raise RuntimeError("Chromium did not start.")
    with urllib.request.urlopen(f"http://{match[1]}/json") as answer:
        targets = json.load(answer)
    return next(str(target["webSocketDebuggerUrl"]) for target in targets if target["type"] == "page")
