"""The page fits small screens, works by keyboard, and keeps its security policy."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import CLIPS
from tests.browser.pages import open_as_owner, open_paired, switch, wait_for_truth

WEB = Path(__file__).parents[2] / "web"

STRICT_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' ws://HOST wss://HOST"
)


@pytest.mark.parametrize(("width_px", "dark"), [(320, True), (360, False), (1280, False)])
def test_nothing_sticks_out_sideways(
    browsers: Browsers, box: Box, noisy_microphone: Path, width_px: int, dark: bool
) -> None:
    with browsers.open(noisy_microphone, width_px, dark) as context:
        page = context.new_page()
        page.goto(box.url)
        expect(page.get_by_label("PIN")).to_be_visible()
        assert _overflow_px(page) == 0
        page = open_as_owner(context, box)
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_text("More numbers").click()
        page.get_by_role("button", name="Record").click()
        page.get_by_text("Stop recording · 0:01").click()
        assert _overflow_px(page) == 0
        for visit in (_open_recording, _open_files, _open_rooms, _open_box):
            visit(page)
            assert _overflow_px(page) == 0


def test_what_comes_and_goes_moves_nothing(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        places = page.locator(".noise-switch button, .scope, .meters, .facts, .strength, .record")
        before = [place.bounding_box() for place in places.all()]
        switch(page)
        wait_for_truth(page, "on")
        page.wait_for_function("() => document.querySelector('#networkMs').innerText !== '–'")
        assert [place.bounding_box() for place in places.all()][:4] == before[:4]


@pytest.mark.parametrize("width_px", [360, 1280])
@pytest.mark.parametrize(
    ("language", "longest"),
    [
        ("en-GB", "Behind. Part of the sound is not cleaned: check your Wi-Fi, or wait until fewer people speak."),
        ("de-DE", "Im Rückstand. Ein Teil des Tons wird nicht gereinigt: Prüfe dein WLAN, oder warte ein wenig."),
    ],
)
def test_the_longest_truth_moves_nothing(
    browsers: Browsers, box: Box, width_px: int, language: str, longest: str
) -> None:
    assert longest in (WEB / "src/ui/strings" / language[:2] / "live.ts").read_text()
    with browsers.open(width_px=width_px, language=language) as context:
        page = context.new_page()
        page.goto(f"{box.url}/#pin={box.take_pin()}")
        scope = page.locator(".scope")
        before = scope.bounding_box()
        page.locator("#truth").evaluate("(truth, longest) => { truth.textContent = longest }", longest)
        assert scope.bounding_box() == before


def test_everything_can_be_reached_by_keyboard(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        # Past the sections, as the skip link promises.
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        wait_for_truth(page, "on")
        reached = set()
        for _ in range(24):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.closest('label, button, summary, a')?.innerText ?? ''"))
        for wanted in ("Listen", "Record", "Files", "Strong", "Where the delay"):
            assert any(wanted in name for name in reached), wanted


def test_the_page_needs_no_more_than_a_strict_security_policy(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    complaints: list[str] = []
    with browsers.open(noisy_microphone) as context:
        context.route(f"{box.url}/", _serve_with_strict_policy)
        # Chromium takes a page that a test serves for one from elsewhere.
        context.grant_permissions(["local-network-access", "microphone"])
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        # What moves by style still moves.
        page.wait_for_function(
            "() => getComputedStyle(document.querySelector('.meter .fill')).transform.startsWith('matrix(0.')"
        )
        page.get_by_role("button", name="Record").click()
        page.get_by_text("Stop recording · 0:01").click()
        _open_recording(page)
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert [complaint for complaint in complaints if "Service Worker" not in complaint] == []


def test_no_section_breaks_a_rule_of_the_policy_that_the_box_sends(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    complaints: list[str] = []
    with browsers.open(noisy_microphone) as context:
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        page = open_as_owner(context, box)
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("button", name="Record").click()
        page.get_by_text("Stop recording · 0:01").click()
        for visit in (_open_recording, _open_files, _open_rooms, _open_box):
            visit(page)
    assert [complaint for complaint in complaints if "Service Worker" not in complaint] == []


def _open_recording(page: Page) -> None:
    page.get_by_role("link", name="Open it").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.get_by_text("Denoise again").click()


def _open_files(page: Page) -> None:
    page.get_by_role("link", name="Files").click()
    page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
    page.locator("[data-state=done]").wait_for()
    page.get_by_text("Log", exact=True).click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def _open_rooms(page: Page) -> None:
    page.get_by_role("link", name="Rooms").click()
    page.get_by_label("Your name in the room").fill("Anna")
    page.get_by_label("Name of the room").fill("The room with a name that is as long as it may")
    page.get_by_role("button", name="Open a room").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.get_by_role("textbox", name="Message").fill("A very long word: " + "m" * 120)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("A very long word")).to_be_visible()


def _open_box(page: Page) -> None:
    page.get_by_role("link", name="Box").click()
    page.get_by_role("button", name="Make an invitation").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    page.get_by_role("button", name="Read the log").click()


def _serve_with_strict_policy(route: Route) -> None:
    answer = route.fetch()
    policy = STRICT_POLICY.replace("HOST", urlsplit(route.request.url).netloc)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": policy})


def _overflow_px(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
