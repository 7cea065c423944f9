"""Manners of the page: accessible, in two languages, installable, still for who wants it still."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.box import REPOSITORY, Box
from tests.browser.browsers import Browsers
from tests.browser.clips import CLIPS
from tests.browser.pages import open_as_owner, open_paired, switch, wait_for_truth

AXE = REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js"
_RUN_AXE = """async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const { violations } = await axe.run(document, { runOnly: tags })
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => html + any.map(a => a.message)).join(' ')}`)
}"""


@pytest.mark.parametrize(("width_px", "dark"), [(360, True), (1280, False)])
def test_axe_finds_nothing(browsers: Browsers, box: Box, noisy_microphone: Path, width_px: int, dark: bool) -> None:
    with browsers.open(noisy_microphone, width_px, dark) as context:
        page = context.new_page()
        page.goto(box.url)
        expect(page.get_by_label("PIN")).to_be_visible()
        _expect_accessible(page)
        page = open_as_owner(context, box)
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("button", name="Record").click()
        page.get_by_text("Stop recording · 0:01").click()
        _expect_accessible(page)
        page.get_by_role("link", name="Open it").click()
        expect(page.get_by_role("button", name="Play")).to_be_visible()
        page.get_by_text("Denoise again").click()
        _expect_accessible(page)
        page.get_by_role("link", name="Recordings", exact=True).click()
        _expect_accessible(page)
        page.get_by_role("link", name="Files").click()
        page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
        page.locator("[data-state=done]").wait_for()
        page.get_by_text("Log", exact=True).click()
        _expect_accessible(page)
        page.get_by_role("link", name="Rooms").click()
        page.get_by_label("Your name in the room").fill("Anna")
        page.get_by_label("Name of the room").fill("Kitchen")
        _expect_accessible(page)
        page.get_by_role("button", name="Open a room").click()
        expect(page.get_by_role("img", name="QR code")).to_be_visible()
        _expect_accessible(page)
        page.get_by_role("link", name="Box").click()
        expect(page.get_by_role("heading", name="The box")).to_be_visible()
        _expect_accessible(page)


def test_the_page_speaks_german_to_germans_and_can_be_told_otherwise(browsers: Browsers, box: Box) -> None:
    with browsers.open(language="de-DE") as context:
        page = context.new_page()
        page.goto(f"{box.url}/#pin={box.take_pin()}")
        expect(page.get_by_text("Verbunden", exact=True)).to_be_visible()
        expect(page.get_by_role("checkbox", name="Lärm entfernen")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "de"
        page.get_by_role("combobox", name="Sprache").select_option("English")
        expect(page.get_by_role("checkbox", name="Remove noise")).to_be_visible()
        assert page.evaluate("document.documentElement.lang") == "en"
        page.reload()
        expect(page.get_by_role("checkbox", name="Remove noise")).to_be_visible()


def test_the_page_can_be_installed_and_has_a_page_for_when_the_box_is_away(browsers: Browsers, tmp_path: Path) -> None:
    box = Box(tmp_path)
    try:
        with browsers.open_installable() as context:
            page = open_paired(context, box.url, box.take_pin())
            page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
            manifest = page.request.get(f"{box.url}/manifest.webmanifest")
            facts = json.loads(manifest.text())
            assert facts["display"] == "standalone"
            for icon in facts["icons"]:
                assert page.request.get(box.url + icon["src"]).ok
            session = context.new_cdp_session(page)
            assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
            page.wait_for_function("() => caches.match('/offline.html').then(Boolean)")
            box.stop()
            page.goto(box.url)
            expect(page.get_by_role("heading", name="The box cannot be reached")).to_be_visible()
            assert page.evaluate("getComputedStyle(document.body).display") == "grid"
            box.start()
            page.get_by_role("link", name="Try again").click()
            expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    finally:
        box.stop()


def test_no_section_asks_anyone_but_the_box(browsers: Browsers, box: Box) -> None:
    addresses: list[str] = []
    with browsers.open() as context:
        context.on("request", lambda request: addresses.append(request.url))
        page = open_as_owner(context, box)
        for section in ("Recordings", "Files", "Rooms", "Box", "Live"):
            page.get_by_role("link", name=section, exact=True).click()
            expect(page.get_by_role("heading", level=2).first).to_be_visible()
        page.goto(f"{box.url}/library/example.html")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    own = (box.url, f"blob:{box.url}", "data:")
    assert len(addresses) > 10
    assert [address for address in addresses if not address.startswith(own)] == []


def test_the_picture_keeps_still_where_motion_is_unwelcome(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        page = open_paired(context, box.url, box.take_pin())
        page.emulate_media(reduced_motion="reduce")
        switch(page)
        wait_for_truth(page, "on")
        assert _paintings_in_frames(page, 40) <= 2
        page.emulate_media(reduced_motion="no-preference")
        assert _paintings_in_frames(page, 40) > 10


def _paintings_in_frames(page: Page, frames: int) -> int:
    """How often the spectrogram was painted in so many frames of the screen."""
    return int(
        page.evaluate(
            """frames => new Promise(resolve => {
                let paintings = 0
                let left = frames
                const clearRect = CanvasRenderingContext2D.prototype.clearRect
                CanvasRenderingContext2D.prototype.clearRect = function (...area) {
                    paintings += 1
                    return clearRect.apply(this, area)
                }
                const count = () => {
                    left -= 1
                    if (left > 0) return requestAnimationFrame(count)
                    CanvasRenderingContext2D.prototype.clearRect = clearRect
                    resolve(paintings)
                }
                requestAnimationFrame(count)
            })""",
            frames,
        )
    )


def _expect_accessible(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(_RUN_AXE) == []
