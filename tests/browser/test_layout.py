"""The page fits small screens, works by keyboard, and keeps its security policy."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, Playwright, Route, expect

from tests.browser.box import Box
from tests.browser.chromium import open_browser, open_paired, switch, wait_for_truth
from tests.browser.clips import CLIPS

STRICT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws://HOST wss://HOST"
)
LEAST_ROOM_PX = 8
_TALLEST_BAR_SHARE = """() => {
    const canvas = document.querySelector('.scope canvas')
    const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    for (let row = 0; row < height; row++) {
        if (data.slice(4 * row * width, 4 * (row + 1) * width).some(value => value > 0)) painted += 1
    }
    return painted / height
}"""


@pytest.mark.parametrize(("width_px", "dark"), [(320, True), (360, False), (1280, False)])
def test_nothing_sticks_out_sideways(
    playwright: Playwright, box: Box, noisy_microphone: Path, width_px: int, dark: bool, tmp_path: Path
) -> None:
    with open_browser(playwright, noisy_microphone, width_px, dark) as context:
        page = context.pages[0]
        page.goto(box.url)
        expect(page.get_by_label("PIN")).to_be_visible()
        assert _overflow_px(page) == 0
        page = open_paired(context, box.url, box.take_pin())
        page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("button", name="Record").click()
        page.get_by_role("button", name="Stop recording").click()
        page.get_by_text("Where the delay comes from").click()
        expect(page.get_by_role("link", name="Download clean WAV")).to_be_visible()
        assert _overflow_px(page) == 0


def test_everything_can_be_reached_by_keyboard(playwright: Playwright, box: Box, noisy_microphone: Path) -> None:
    with open_browser(playwright, noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        wait_for_truth(page, "on")
        reached = set()
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.closest('label, button, summary')?.innerText ?? ''"))
        assert any("Listen" in name for name in reached)
        assert any("Record" in name for name in reached)
        assert any("Drop a file" in name for name in reached)


def test_the_page_needs_no_more_than_a_strict_security_policy(
    playwright: Playwright, box: Box, noisy_microphone: Path
) -> None:
    complaints: list[str] = []
    with open_browser(playwright, noisy_microphone) as context:
        context.route(f"{box.url}/", _serve_with_strict_policy)
        # Chromium takes a page that a test serves for one from elsewhere.
        context.grant_permissions(["local-network-access", "microphone"])
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = open_paired(context, box.url, box.take_pin())
        page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
        expect(page.get_by_role("link", name="Download clean WAV")).to_be_visible()
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => document.querySelector('audio').currentTime > 0.2")
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("button", name="Record").click()
        page.get_by_role("button", name="Stop recording").click()
        # What moves by style still moves.
        page.wait_for_function(
            "() => getComputedStyle(document.querySelector('.meter .fill')).transform.startsWith('matrix(0.')"
        )
    assert complaints == []


def test_the_page_breaks_no_rule_of_the_policy_that_the_box_sends(silent_page: Page, box: Box) -> None:
    complaints: list[str] = []
    silent_page.on("console", lambda message: complaints.append(message.text))
    silent_page.on("pageerror", lambda error: complaints.append(str(error)))
    silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
    silent_page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
    expect(silent_page.get_by_role("link", name="Download clean WAV")).to_be_visible()
    assert complaints == []


def test_the_loudest_sound_stays_clear_of_the_legend(playwright: Playwright, box: Box, tmp_path: Path) -> None:
    microphone = tmp_path / "loud.wav"
    noise = np.random.default_rng(1).choice([-0.99, 0.99], 20 * 48000)
    soundfile.write(microphone, noise, 48000, subtype="PCM_16")
    with open_browser(playwright, microphone, width_px=360) as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        page.wait_for_function(f"() => ({_TALLEST_BAR_SHARE})() > 0.5")
        canvas, legend = (page.locator(f".scope {part}").bounding_box() for part in ("canvas", "figcaption"))
        assert canvas is not None
        assert legend is not None
        free_px = canvas["height"] * (1 - page.evaluate(_TALLEST_BAR_SHARE)) / 2
        assert legend["y"] - (canvas["y"] + canvas["height"]) + free_px >= LEAST_ROOM_PX


def _serve_with_strict_policy(route: Route) -> None:
    answer = route.fetch()
    policy = STRICT_POLICY.replace("HOST", urlsplit(route.request.url).netloc)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})


def _overflow_px(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
