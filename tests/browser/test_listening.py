"""What reaches the ear: nothing at first, the clean sound or the original, equally loud, and never a whistle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import MICROPHONE_RATE_HZ
from tests.browser.pages import open_paired, switch, wait_for_truth
from tests.browser.recordings import download, open_last, record_until

# 16-bit rounding and the browser's own mixing.
SILENT_DB = -80.0
_PRESETS_DB = {"Gentle": 10, "Speech": 20}


@pytest.fixture
def steady_noise(tmp_path: Path) -> Path:
    """Give five seconds of a fan-like noise, for a loop."""
    white = np.random.default_rng(7).standard_normal(5 * MICROPHONE_RATE_HZ)
    spectrum = np.fft.rfft(white)
    spectrum /= np.maximum(1.0, np.arange(len(spectrum)) / 2000) ** 0.5
    noise = np.fft.irfft(spectrum)
    path = tmp_path / "noise.wav"
    soundfile.write(path, 0.05 * noise / noise.std(), MICROPHONE_RATE_HZ, subtype="PCM_16")
    return path


@pytest.fixture
def noise_page(browsers: Browsers, box: Box, steady_noise: Path) -> Iterator[Page]:
    """Give a page that removes a steady noise."""
    with browsers.open(steady_noise, loop=True) as context:
        ear.tap(context)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        yield page


def test_nothing_is_heard_until_a_person_wants_to_listen(noise_page: Page) -> None:
    noise_page.wait_for_function("() => document.querySelector('#removed').innerText !== '–'")
    assert ear.level_db(noise_page) < SILENT_DB
    noise_page.get_by_role("switch", name="Listen").check()
    noise_page.get_by_role("group", name="What you hear", exact=True).get_by_label("Original").check()
    ear.wait_for_level(noise_page, "level > -50")
    noise_page.get_by_role("switch", name="Listen").uncheck()
    ear.wait_for_level(noise_page, f"level < {SILENT_DB}")


def test_the_original_is_heard_while_a_key_or_the_button_is_held(noise_page: Page) -> None:
    noise_page.get_by_role("switch", name="Listen").check()
    hold = noise_page.get_by_role("button", name="Hold for the original")
    ear.wait_for_level(noise_page, "level > -100")
    noise_page.keyboard.down("b")
    wait_for_truth(noise_page, "original")
    noise_page.keyboard.up("b")
    wait_for_truth(noise_page, "on")
    hold.focus()
    noise_page.keyboard.down("Space")
    wait_for_truth(noise_page, "original")
    noise_page.keyboard.up("Space")
    wait_for_truth(noise_page, "on")
    hold.hover()
    noise_page.mouse.down()
    wait_for_truth(noise_page, "original")
    noise_page.mouse.up()
    wait_for_truth(noise_page, "on")
    noise_page.keyboard.press("a")
    wait_for_truth(noise_page, "original")


def test_both_sides_are_equally_loud(browsers: Browsers, box: Box, steady_noise: Path) -> None:
    with browsers.open(steady_noise, loop=True) as context:
        ear.tap(context)
        page = open_paired(context, box.url, box.take_pin())
        # At most 6 dB are removed, so that the sides differ by 6 dB and may be matched.
        page.get_by_label("Remove at most").fill("6")
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("switch", name="Listen").check()
        page.wait_for_function("() => document.querySelector('#removed').innerText === '6 dB'")
        clean_db = ear.median_level_db(page)
        page.keyboard.down("b")
        wait_for_truth(page, "original")
        assert ear.median_level_db(page) == pytest.approx(clean_db, abs=1)


@pytest.mark.parametrize("preset", ["Gentle", "Speech"])
def test_a_preset_removes_as_much_as_it_says(noise_page: Page, preset: str, tmp_path: Path) -> None:
    noise_page.get_by_role("group", name="Strength").get_by_label(preset).check()
    most_db = _PRESETS_DB[preset]
    noise_page.wait_for_function(
        f"() => Math.abs(parseInt(document.querySelector('#removed').innerText) - {most_db}) <= 1"
    )
    record_until(noise_page, 2)
    noise_page.get_by_role("button", name="Stop recording").click()
    open_last(noise_page)
    _, clean = download(noise_page, "Clean", tmp_path)
    _, original = download(noise_page, "Original", tmp_path)
    removed_db = 10 * np.log10(np.mean(original**2) / np.mean(clean**2))
    assert removed_db == pytest.approx(most_db, abs=1)


def test_a_whistle_ends_the_listening(browsers: Browsers, box: Box, tmp_path: Path) -> None:
    path = tmp_path / "whistle.wav"
    seconds = np.arange(10 * MICROPHONE_RATE_HZ) / MICROPHONE_RATE_HZ
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 1000 * seconds), MICROPHONE_RATE_HZ, subtype="PCM_16")
    with browsers.open(path, loop=True) as context:
        ear.tap(context)
        page = open_paired(context, box.url, box.take_pin())
        switch(page)
        wait_for_truth(page, "on")
        page.get_by_role("switch", name="Listen").check()
        page.keyboard.press("a")
        expect(page.get_by_role("alert")).to_contain_text("began to whistle")
        expect(page.get_by_role("switch", name="Listen")).not_to_be_checked()
        ear.wait_for_level(page, f"level < {SILENT_DB}")
        wait_for_truth(page, "on")
