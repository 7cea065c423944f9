"""The sound crosses threads in shared memory where the page is isolated, and in messages where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import open_paired, switch, wait_for_truth
from tests.browser.recordings import download, open_last, record_until

# A box that is so busy that it cannot clean in time may have no time to take the sound either.
LATE = "not cleaned in time"
MORE_TAKES = 3
ISOLATING = {"cross-origin-opener-policy", "cross-origin-embedder-policy"}
# What each worklet of the page was given when it was made.
_KEEP_MEMORY = """
window.memories = []
const Node = AudioWorkletNode
window.AudioWorkletNode = class extends Node {
    constructor(context, name, options) {
        super(context, name, options)
        window.memories.push([name, options.processorOptions.memory?.constructor.name ?? null])
    }
}
"""
# Only Chromium lets a page read the sound of a track; elsewhere the audio thread takes it.
_KEEP_TRACKS_CLOSED = "delete window.MediaStreamTrackProcessor"


@pytest.mark.parametrize("isolated", [True, False])
def test_sound_flows_both_ways(
    browsers: Browsers, box: Box, noisy_microphone: Path, tmp_path: Path, isolated: bool
) -> None:
    with browsers.open(noisy_microphone, loop=True) as context:
        page = _open(context, box, isolated)
        switch(page)
        wait_for_truth(page, "on")
        assert page.evaluate("window.crossOriginIsolated") is isolated
        memory = "SharedArrayBuffer" if isolated else None
        assert sorted(page.evaluate("window.memories")) == [["hushbox-capture", memory], ["hushbox-playback", memory]]
        page.get_by_role("switch", name="Listen").check()
        ear.wait_for_level(page, "level > -45")
        ear.wait_for_level(page, "level < -58")
        record_until(page, 3)
        page.get_by_role("button", name="Stop recording").click()
        said = _switch_off(page)
        open_last(page)
        rate_hz, original = download(page, "Original", tmp_path)
        assert len(original) > 2 * rate_hz
        assert abs(original).max() > 0.05
        for _ in range(MORE_TAKES):
            if LATE not in said:
                break
            page.get_by_role("link", name="Live").click()
            switch(page)
            wait_for_truth(page, "on")
            said = _switch_off(page)
        assert "s lost" not in said


def test_the_library_works_on_a_page_that_is_not_isolated(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone, loop=True) as context:
        context.route("**/library/example.html", _without_isolation)
        context.grant_permissions(["local-network-access", "microphone"])
        page = context.new_page()
        page.add_init_script(_KEEP_MEMORY)
        page.add_init_script(_KEEP_TRACKS_CLOSED)
        page.goto(f"{box.url}/library/example.html")
        assert page.evaluate("window.crossOriginIsolated") is False
        page.get_by_label("PIN of the box").fill(box.take_pin())
        page.get_by_role("button", name="Call").click()
        expect(page.locator("#truth")).to_have_text("on")
        assert sorted(page.evaluate("window.memories")) == [["hushbox-capture", None], ["hushbox-playback", None]]


def _switch_off(page: Page) -> str:
    """Switch off and give what the page says of the time until then."""
    switch(page)
    wait_for_truth(page, "off")
    return page.locator("#last-run").inner_text()


def _open(context: BrowserContext, box: Box, isolated: bool) -> Page:
    ear.tap(context)
    context.add_init_script(_KEEP_MEMORY)
    context.add_init_script(_KEEP_TRACKS_CLOSED)
    if not isolated:
        context.route(f"{box.url}/", _without_isolation)
        # Chromium takes a page that a test serves for one from elsewhere.
        context.grant_permissions(["local-network-access", "microphone"])
    return open_paired(context, box.url, box.take_pin())


def _without_isolation(route: Route) -> None:
    """Serve the page as a proxy does that knows nothing of isolation."""
    answer = route.fetch()
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in ISOLATING}
    route.fulfill(response=answer, headers=headers)
