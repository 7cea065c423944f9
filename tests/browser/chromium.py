"""Debian's Chromium, with a WAV file as its microphone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import BrowserContext, Page, Playwright

EXECUTABLE = Path("/usr/bin/chromium")
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


@contextmanager
def open_browser(
    playwright: Playwright, microphone: Microphone = "missing", width_px: int = 1280, dark: bool = False
) -> Iterator[BrowserContext]:
    """Open a new browser without any past. `microphone` is a WAV file, or how it fails."""
    with TemporaryDirectory(prefix="hushbox-chromium-") as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=EXECUTABLE,
            headless=True,
            args=[*_FLAGS, *_microphone_flags(microphone)],
            viewport={"width": width_px, "height": 800},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        try:
            yield context
        finally:
            context.close()


def open_paired(context: BrowserContext, url: str, pin: str) -> Page:
    """Open the page with the address of the QR code and wait until it is connected."""
    page = context.new_page()
    page.goto(f"{url}/#pin={pin}")
    page.get_by_text("Connected", exact=True).wait_for()
    return page


def switch(page: Page) -> None:
    """Press the large switch."""
    page.get_by_role("checkbox", name="Remove noise").click()


def wait_for_truth(page: Page, truth: str, timeout_s: float = 20) -> None:
    """Wait until the page shows this state."""
    page.locator(f"[data-truth={truth}]").wait_for(timeout=timeout_s * 1000)


def _microphone_flags(microphone: Microphone) -> list[str]:
    if microphone == "missing":
        return []
    if microphone == "refused":
        return ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"]
    return [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={microphone}%noloop",
    ]
