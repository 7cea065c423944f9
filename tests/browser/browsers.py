"""Debian's Chromium, with a WAV file as its microphone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

EXECUTABLE = Path("/usr/bin/chromium")

# A machine that does other things as well takes its time; what is waited for is a condition all the same.
PATIENCE_MS = 60_000

_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)

Microphone = Path | Literal["refused", "missing"]


class Browsers:
    """People's browsers without any past, in as few processes as there are microphones: one takes 1 to 2 s to start."""

    def __init__(self, playwright: Playwright) -> None:
        self._playwright = playwright
        self._processes: dict[tuple[Microphone, bool], Browser] = {}

    @contextmanager
    def open(
        self,
        microphone: Microphone = "missing",
        width_px: int = 1280,
        dark: bool = False,
        *,
        loop: bool = False,
        language: str = "en-GB",
    ) -> Iterator[BrowserContext]:
        """Open a browser. `microphone` is a WAV file, played once or in a `loop` to each page, or how it fails."""
        context = self._process(microphone, loop).new_context(
            viewport={"width": width_px, "height": 800},
            color_scheme="dark" if dark else "light",
            locale=language,
            # The routes of a test cannot see behind a service worker.
            service_workers="block",
        )
        context.set_default_timeout(PATIENCE_MS)
        try:
            yield context
        finally:
            context.close()

    @contextmanager
    def open_installable(self) -> Iterator[BrowserContext]:
        """Open a browser with a profile and service workers, without which no page can be installed."""
        with TemporaryDirectory(prefix="hushbox-chromium-") as profile:
            context = self._playwright.chromium.launch_persistent_context(
                profile, locale="en-GB", **_launch("missing", False)
            )
            context.set_default_timeout(PATIENCE_MS)
            try:
                yield context
            finally:
                context.close()

    def close(self) -> None:
        """End all processes."""
        for process in self._processes.values():
            process.close()

    def _process(self, microphone: Microphone, loop: bool) -> Browser:
        known = self._processes.get((microphone, loop))
        if known is None or not known.is_connected():
            known = self._playwright.chromium.launch(**_launch(microphone, loop))
            self._processes[microphone, loop] = known
        return known


@contextmanager
def running_browsers() -> Iterator[Browsers]:
    """Give browsers, and end them."""
    with sync_playwright() as playwright:
        browsers = Browsers(playwright)
        try:
            yield browsers
        finally:
            browsers.close()


def _launch(microphone: Microphone, loop: bool) -> dict[str, Any]:
    flags = [*_FLAGS, *_microphone_flags(microphone, loop)]
    return {"executable_path": EXECUTABLE, "headless": True, "args": flags, "timeout": PATIENCE_MS}


def _microphone_flags(microphone: Microphone, loop: bool) -> list[str]:
    if microphone == "missing":
        return []
    if microphone == "refused":
        return ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"]
    return [
        "--use-fake-device-for-media-stream=device-count=2",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}" + ("" if loop else "%noloop"),
    ]
