"""Microphones that change, sound that is interrupted, tabs that are hidden, screens that would lock."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import MICROPHONE_RATE_HZ, read_clip
from tests.browser.pages import KEEP_TRACKS, open_paired, switch, wait_for_truth
from tests.browser.plain_chromium import open_plain_tab
from tests.browser.recordings import download, open_last, record_until

# A busy machine may be late with a frame; what may not be is lost sound.
_LOST = r"\d s lost|interrupted"
_RECORDED_S = "Number(document.querySelector('.recording').innerText.match(/(\\d+):(\\d+)/)[2]) >= {}"
_NO_MORE_MICROPHONES = """() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))
}"""
_NO_RESUME = """
const resume = AudioContext.prototype.resume
window.mayResume = true
AudioContext.prototype.resume = function () {
    return window.mayResume ? resume.call(this) : Promise.reject(new DOMException('a call', 'InvalidStateError'))
}
"""
_COUNT_LOCKS = """
window.locks = { held: 0, asked: 0 }
navigator.wakeLock.request = async () => {
    window.locks.held += 1
    window.locks.asked += 1
    return { release: async () => { window.locks.held -= 1 } }
}
"""


def test_another_microphone_is_taken_without_a_break(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        context.add_init_script(KEEP_TRACKS)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        picker = page.get_by_label("Microphone", exact=True)
        expect(picker.locator("option")).to_have_count(3)
        picker.select_option(index=2)
        page.wait_for_function("() => window.tracks.length === 2 && window.tracks[0].readyState === 'ended'")
        assert page.evaluate("window.tracks[1].readyState") == "live"
        label = picker.locator("option").nth(2).inner_text()
        expect(page.get_by_text(f"Microphone: {label}.")).to_be_visible()
        wait_for_truth(page, "on")
        switch(page)
        _expect_nothing_lost(page)


def test_a_microphone_that_is_unplugged_is_replaced_and_named(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        context.add_init_script(KEEP_TRACKS)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        _unplug(page)
        expect(page.get_by_role("alert")).to_contain_text("goes on with another one")
        page.wait_for_function("() => window.tracks.length === 2")
        wait_for_truth(page, "on")


def test_the_last_microphone_that_is_unplugged_ends_it(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        context.add_init_script(KEEP_TRACKS)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        page.evaluate(_NO_MORE_MICROPHONES)
        _unplug(page)
        expect(page.get_by_role("alert")).to_contain_text("unplugged or taken away")
        wait_for_truth(page, "off")


def test_two_channels_are_mixed_to_one_and_it_says_so(browsers: Browsers, box: Box, tmp_path: Path) -> None:
    voice = read_clip("hum_5db.noisy", MICROPHONE_RATE_HZ)
    path = tmp_path / "left_only.wav"
    soundfile.write(path, np.stack([voice, np.zeros_like(voice)], axis=1), MICROPHONE_RATE_HZ, subtype="PCM_16")
    with browsers.open(path, loop=True) as context:
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        expect(page.get_by_text("Its 2 channels are mixed to one.")).to_be_visible()
        record_until(page, len(voice) / MICROPHONE_RATE_HZ)
        page.get_by_role("button", name="Stop recording").click()
        open_last(page)
        _, original = download(page, "Original", tmp_path)
    # The mean of a voice and of silence is half the voice.
    assert np.max(np.abs(original)) == pytest.approx(np.max(np.abs(voice)) / 2, rel=0.03)


def test_an_interrupted_sound_is_not_called_on_and_goes_on(
    browsers: Browsers, box: Box, noisy_microphone: Path
) -> None:
    with browsers.open(noisy_microphone) as context:
        ear.tap(context)
        context.add_init_script(_NO_RESUME)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        page.evaluate("() => { window.mayResume = false; return window.audioContext.suspend() }")
        wait_for_truth(page, "interrupted")
        expect(page.get_by_role("checkbox", name="Remove noise")).to_have_attribute("aria-checked", "mixed")
        page.evaluate("window.mayResume = true")
        page.get_by_role("button", name="Go on").click()
        wait_for_truth(page, "on")


def test_a_short_interruption_ends_by_itself(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        ear.tap(context)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        page.evaluate("window.audioContext.suspend()")
        page.wait_for_function("() => window.audioContext.state === 'running'")
        wait_for_truth(page, "on")


def test_a_hidden_tab_loses_nothing(box: Box, noisy_microphone: Path) -> None:
    with open_plain_tab(noisy_microphone) as tab:
        tab.go_to(f"{box.url}/#pin={box.take_pin()}")
        tab.wait_for("document.querySelector('.connection')?.textContent === 'Connected'")
        tab.evaluate("document.querySelector('.noise-switch [role=checkbox]').click()")
        tab.wait_for("document.querySelector('[data-truth=on]') !== null")
        tab.evaluate("document.querySelector('.record button').click()")
        tab.wait_for(_RECORDED_S.format(1))
        assert not tab.evaluate("document.hidden")
        tab.open_another()
        tab.wait_for("document.hidden")
        tab.wait_for(_RECORDED_S.format(5))
        assert tab.evaluate("document.hidden")
        tab.come_to_front()
        tab.wait_for("!document.hidden")
        tab.wait_for("document.querySelector('[data-truth=on]') !== null")
        tab.evaluate("document.querySelector('.noise-switch [role=checkbox]').click()")
        tab.wait_for("document.querySelector('#last-run') !== null")
        said = tab.evaluate("document.querySelector('#last-run').innerText")
    assert re.match("Last time: ", said)
    assert re.search(_LOST, said) is None


def test_the_screen_stays_on_while_it_is_on(browsers: Browsers, box: Box, noisy_microphone: Path) -> None:
    with browsers.open(noisy_microphone) as context:
        context.add_init_script(_COUNT_LOCKS)
        page = open_paired(context, box.url, box.take_pin())
        assert page.evaluate("window.locks.held") == 0
        switch(page)
        wait_for_truth(page, "on")
        page.wait_for_function("() => window.locks.held === 1")
        # Browsers take it away when the page is hidden, and it is asked for again when the page is back.
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_function("() => window.locks.asked === 2")
        switch(page)
        wait_for_truth(page, "off")
        page.wait_for_function("() => window.locks.held <= 1")


def _expect_nothing_lost(page: Page) -> None:
    last_run = page.locator("#last-run")
    expect(last_run).to_be_visible()
    expect(last_run).not_to_contain_text(re.compile(_LOST))


def _unplug(page: Page) -> None:
    page.evaluate("() => { const track = window.tracks.at(-1); track.stop(); track.dispatchEvent(new Event('ended')) }")
