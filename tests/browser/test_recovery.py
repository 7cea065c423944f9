"""A broken line is mended by itself, with the gap shown; without WebSocket it works, and says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import find_lag, read_wav, si_sdr_db
from tests.browser.pages import open_paired, switch, wait_for_truth
from tests.browser.recordings import download, open_last, record_until, wait_for_seconds

MOST_RECORDING_ERROR_DB = -40.0
# A twentieth of a second of nothing but zeros is no denoised microphone.
_SILENCE_S = 0.05


class Line:
    """A connection that can be cut, and held shut for a while."""

    def __init__(self) -> None:
        self.open = True
        self._ends: list[WebSocketRoute] = []

    def connect(self, page_side: WebSocketRoute) -> None:
        """Stand between the page and the box."""
        if not self.open:
            page_side.close()
            return
        self._ends.append(page_side)
        page_side.connect_to_server()

    def cut(self) -> None:
        """Close it; the page opens another, when it may."""
        for end in self._ends:
            end.close()
        self._ends.clear()


@pytest.fixture
def line() -> Line:
    """Give the line of the page."""
    return Line()


@pytest.fixture
def page(browsers: Browsers, box: Box, noisy_microphone: Path, line: Line) -> Iterator[Page]:
    """Give a page that records over the line."""
    with browsers.open(noisy_microphone) as context:
        context.route_web_socket("**/socket.io/**", line.connect)
        # With no WebSocket the page would take to polling at once.
        context.route(re.compile("transport=polling"), lambda route: route.abort())
        opened = open_paired(context, box.url, box.take_pin())
        switch(opened)
        wait_for_truth(opened, "on")
        record_until(opened, 2)
        yield opened


def test_after_a_break_the_stream_goes_on_and_nothing_of_the_original_is_missing(
    page: Page, line: Line, noisy_microphone: Path, tmp_path: Path
) -> None:
    line.open = False
    line.cut()
    wait_for_truth(page, "reconnecting")
    line.open = True
    wait_for_truth(page, "on")
    expect(page.locator("#gap")).to_contain_text("Recordings hold silence there.")
    wait_for_seconds(page, 5)
    page.get_by_role("button", name="Stop recording").click()
    switch(page)
    expect(page.locator("#last-run")).to_contain_text("interrupted once")
    open_last(page)
    expect(page.get_by_text(re.compile("^One gap, .* while the box could not be reached"))).to_be_visible()
    rate_hz, original = download(page, "Original", tmp_path)
    _, clean = download(page, "Clean", tmp_path)
    # The microphone was never off: the original is whole, over the break, too.
    played = read_wav(noisy_microphone, rate_hz)
    start = find_lag(played, original)
    assert si_sdr_db(original, played[start : start + len(original)]) >= -MOST_RECORDING_ERROR_DB
    # The clean side is silent there, and neither shorter nor shifted.
    assert len(clean) == len(original)
    gaps = _silences(clean, rate_hz)
    assert len(gaps) >= 1
    after = max(gaps)[1]
    assert find_lag(clean[after:], original[after:]) == 0


def test_without_websocket_it_works_over_polling_and_says_so(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        context.route_web_socket("**/socket.io/**", lambda page_side: page_side.close())
        page = context.new_page()
        page.goto(f"{box.url}/#pin={box.take_pin()}")
        expect(page.get_by_text("Slow connection", exact=True)).to_be_visible()
        expect(page.get_by_text("sound travels by long polling")).to_be_visible()
        switch(page)
        page.locator("[data-truth=on], [data-truth=late]").wait_for()
        record_until(page, 2)
        page.get_by_role("button", name="Stop recording").click()
        wait_for_truth(page, "on")


def _silences(samples: np.ndarray[tuple[int], np.dtype[np.float64]], rate_hz: int) -> list[tuple[int, int]]:
    """The stretches of exact zeros that are no pause of speech: first and last sample."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples == 0).astype(int), [0]])))
    stretches = zip(edges[::2], edges[1::2], strict=True)
    return [(int(first), int(last)) for first, last in stretches if last - first > _SILENCE_S * rate_hz]
