"""What people do with the page, before a test begins."""

from __future__ import annotations

import json
import time

from playwright.sync_api import BrowserContext, Page

from tests.browser.box import Box

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
