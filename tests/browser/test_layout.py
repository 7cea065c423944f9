"""The page fits small screens, works by keyboard, and keeps its security policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.box import Box
from tests.browser.chromium import open_browser, open_paired, switch, wait_for_truth
from tests.browser.clips import CLIPS


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


def test_the_page_breaks_no_rule_of_its_security_policy(silent_page: Page, box: Box) -> None:
    complaints: list[str] = []
    silent_page.on("console", lambda message: complaints.append(message.text))
    silent_page.on("pageerror", lambda error: complaints.append(str(error)))
    silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
    silent_page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
    expect(silent_page.get_by_role("link", name="Download clean WAV")).to_be_visible()
    assert complaints == []


def _overflow_px(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
