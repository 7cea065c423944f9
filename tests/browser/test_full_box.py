"""Who finds the box full is told for how long, and comes in by itself; who is locked out knows until when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.pages import KEEP_TRACKS, open_another, open_paired, switch, wait_for_truth


@dataclass(frozen=True)
class TwoVoices:
    """Someone who speaks, and someone for whom there is no room, in two pages of one browser."""

    speaking: Page
    refused: Page


@pytest.fixture
def voices(browsers: Browsers, noisy_microphone: Path, tmp_path: Path) -> Iterator[TwoVoices]:
    """Give a full box to someone who has just pressed the switch."""
    box = Box(tmp_path, {"HUSHBOX_MAX_STREAMS": "1"})
    try:
        with browsers.open(noisy_microphone, loop=True) as context:
            context.add_init_script(KEEP_TRACKS)
            speaking = open_paired(context, box.url, box.take_pin())
            switch(speaking)
            wait_for_truth(speaking, "on")
            refused = open_another(context, box.url)
            switch(refused)
            yield TwoVoices(speaking, refused)
    finally:
        box.stop()


def test_the_page_tries_again_by_itself_when_the_box_said(voices: TwoVoices) -> None:
    page = voices.refused
    expect(page.get_by_role("alert")).to_contain_text("The box is full right now. Try again in 15 s")
    countdown = page.get_by_role("timer")
    expect(countdown).to_have_text(re.compile(r"^Trying again in \d+ s$"))
    # Nothing is recorded or heard while it waits.
    wait_for_truth(page, "off")
    assert page.evaluate("window.tracks.map(track => track.readyState)") == ["ended"]
    first_s = _seconds(countdown.inner_text())
    page.wait_for_function(
        "first => parseInt(document.querySelector('[role=timer]').innerText.match(/\\d+/)) < first", arg=first_s
    )
    switch(voices.speaking)
    wait_for_truth(voices.speaking, "off")
    wait_for_truth(page, "on")
    expect(countdown).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_empty()


def test_a_person_can_stop_waiting(voices: TwoVoices) -> None:
    page = voices.refused
    page.get_by_role("button", name="Stop waiting").click()
    expect(page.get_by_role("timer")).to_have_count(0)
    # Nor does anyone wait who has gone elsewhere on the page.
    switch(page)
    expect(page.get_by_role("timer")).to_be_visible()
    page.get_by_role("link", name="Files").click()
    expect(page.get_by_role("heading", name="Clean recordings")).to_be_visible()
    page.get_by_role("link", name="Live").click()
    expect(page.get_by_role("checkbox", name="Remove noise")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_count(0)


def test_the_real_length_of_a_lockout_is_said(browsers: Browsers, tmp_path: Path) -> None:
    box = Box(tmp_path, {"HUSHBOX_PIN_TRIES": "1", "HUSHBOX_PIN_LOCKOUT_S": "1800"})
    try:
        with browsers.open(language="de-DE") as context:
            page = context.new_page()
            page.goto(box.url)
            wrong = f"{(int(box.take_pin()) + 1) % 10**6:06d}"
            for expected in ("Diese PIN stimmt nicht", "Zu viele falsche PINs. Warte 30 min 0 s und"):
                page.get_by_label("PIN").fill(wrong)
                page.get_by_role("button", name="Verbinden").click()
                expect(page.get_by_role("alert")).to_contain_text(expected)
    finally:
        box.stop()


def _seconds(text: str) -> int:
    return int(re.sub(r"\D", "", text))
