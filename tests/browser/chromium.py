"""Debian's Chromium, with a WAV file as its microphone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import BrowserContext, Page, Playwright

from tests.browser.box import Box

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

# Every track that a microphone gave, in `window.tracks`.
KEEP_TRACKS = """
window.tracks = []
const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = async constraints => {
    const stream = await getUserMedia(constraints)
    window.tracks.push(...stream.getTracks())
    return stream
}
"""

Microphone = Path | Literal["refused", "missing"]


@contextmanager
def open_browser(
    playwright: Playwright,
    microphone: Microphone = "missing",
    width_px: int = 1280,
    dark: bool = False,
    *,
    loop: bool = False,
    installable: bool = False,
    language: str = "en-GB",
) -> Iterator[BrowserContext]:
    """Open a new browser without any past.

    `microphone` is a WAV file, played once or in a `loop`, or how it fails. A browser that is `installable` takes the
    page's service worker, which the routes of a test cannot see behind.
    """
    with TemporaryDirectory(prefix="hushbox-chromium-") as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=EXECUTABLE,
            headless=True,
            args=[*_FLAGS, *_microphone_flags(microphone, loop)],
            viewport={"width": width_px, "height": 800},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
            timeout=PATIENCE_MS,
            locale=language,
            service_workers="allow" if installable else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
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


def open_another(context: BrowserContext, url: str) -> Page:
    """Open one more page in a browser that is paired, which needs no PIN, and wait until it is connected."""
    page = context.new_page()
    page.goto(url)
    page.get_by_text("Connected", exact=True).wait_for()
    return page


def open_as_owner(context: BrowserContext, box: Box) -> Page:
    """Open the page with a token of the owner, as an invitation gives it, and wait until it is connected."""
    return open_with_token(context, box.url, box.mint_token("--role", "owner"))


def open_with_token(context: BrowserContext, url: str, token: str) -> Page:
    """Open the page with a token, as an invitation gives it, and wait until it is connected."""
    grant = json.dumps({"token": token, "expiresAtMs": (time.time() + 1800) * 1000})
    page = context.new_page()
    page.add_init_script(f"localStorage['hushbox.grant'] ??= {json.dumps(grant)}")
    page.goto(url)
    page.get_by_text("Connected", exact=True).wait_for()
    return page


def switch(page: Page) -> None:
    """Press the large switch."""
    page.get_by_role("checkbox", name="Remove noise").click()


def wait_for_truth(page: Page, truth: str) -> None:
    """Wait until the page shows this state."""
    page.locator(f"[data-truth={truth}]").wait_for()


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
