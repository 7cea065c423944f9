"""Recordings survive a reload and a crash, and what is saved is what was recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import Samples, find_lag, read_wav, si_sdr_db
from tests.browser.pages import open_paired, switch, wait_for_truth
from tests.browser.recordings import download, open_last, record_until

RECORDED_S = 4
# The microphone's 16 bit, the clip's resampling and the browser's mixing together stay below this.
MOST_RECORDING_ERROR_DB = -40.0


@pytest.fixture
def context(browsers: Browsers, noisy_microphone: Path) -> Iterator[BrowserContext]:
    """Give a browser whose microphone plays the clip."""
    with browsers.open(noisy_microphone) as opened:
        ear.tap(opened)
        yield opened


@pytest.fixture
def recorded(context: BrowserContext, box: Box) -> Page:
    """Give a page with a recording that is open."""
    page = _start(context, box)
    record_until(page, RECORDED_S)
    page.get_by_role("button", name="Stop recording").click()
    open_last(page)
    return page


@pytest.mark.parametrize("how", ["reload", "crash"])
def test_a_recording_that_was_broken_off_is_offered_and_whole(
    context: BrowserContext, box: Box, noisy_microphone: Path, how: str, tmp_path: Path
) -> None:
    page = _start(context, box)
    record_until(page, RECORDED_S)
    if how == "reload":
        page.reload()
    else:
        page.close()
        page = context.new_page()
        page.goto(box.url)
    rescue = page.get_by_role("alert", name="A recording was broken off")
    expect(rescue).to_be_visible()
    rescue.get_by_role("button", name="Keep it").click()
    _, original = download(page, "Original", tmp_path)
    rate_hz, clean = download(page, "Clean", tmp_path)
    # Each whole second was kept.
    assert len(original) >= (RECORDED_S - 1) * rate_hz
    assert len(clean) == len(original)
    assert find_lag(clean, original) == 0
    _expect_a_piece_of(read_wav(noisy_microphone, rate_hz), original)
    page.get_by_role("link", name="Live").click()
    expect(rescue).to_have_count(0)


def test_a_recording_that_runs_in_another_tab_is_no_broken_one(context: BrowserContext, box: Box) -> None:
    page = _start(context, box)
    record_until(page, 1)
    other = context.new_page()
    other.goto(f"{box.url}/#/recordings")
    expect(other.get_by_text("Nothing recorded yet")).to_be_visible()
    expect(other.get_by_role("alert", name="A recording was broken off")).to_have_count(0)
    page.get_by_role("button", name="Stop recording").click()


def test_flac_and_wav_hold_the_same_samples(recorded: Page, tmp_path: Path) -> None:
    wav_rate_hz, wav = download(recorded, "Original", tmp_path, "WAV")
    flac_rate_hz, flac = download(recorded, "Original", tmp_path, "FLAC")
    assert wav_rate_hz == flac_rate_hz
    assert len(wav) > wav_rate_hz
    assert np.array_equal(wav, flac)


def test_trimming_keeps_exactly_the_middle(recorded: Page, tmp_path: Path) -> None:
    rate_hz, whole = download(recorded, "Original", tmp_path)
    recorded.get_by_label("Start", exact=True).fill("1")
    recorded.get_by_label("End", exact=True).fill("2.5")
    _, cut = download(recorded, "Original", tmp_path)
    assert np.array_equal(cut, whole[rate_hz : round(2.5 * rate_hz)])


def test_denoising_again_changes_the_clean_side_only_and_is_kept(recorded: Page, tmp_path: Path) -> None:
    _, original = download(recorded, "Original", tmp_path)
    _, strong = download(recorded, "Clean", tmp_path)
    recorded.get_by_text("Denoise again").click()
    recorded.locator(".again").get_by_label("Remove at most").fill("6")
    recorded.get_by_role("button", name="Denoise at this strength").click()
    expect(recorded.get_by_text("made at 6 dB now")).to_be_visible()
    _, gentle = download(recorded, "Clean", tmp_path)
    recorded.reload()
    recorded.get_by_role("button", name="Play").wait_for()
    _, kept_original = download(recorded, "Original", tmp_path)
    _, kept = download(recorded, "Clean", tmp_path)
    assert np.array_equal(kept, gentle)
    assert np.array_equal(kept_original, original)
    assert find_lag(gentle, original) == 0
    # No bin loses more than 6 dB, so no more of the energy than 6 dB is gone either.
    assert -6.1 < 10 * np.log10(np.mean(gentle**2) / np.mean(original**2)) < 0
    assert np.mean(gentle**2) > np.mean(strong**2)


def test_both_sides_play_from_the_same_place_and_one_is_heard(recorded: Page) -> None:
    ear.wait_for_level(recorded, "level === -200")
    recorded.get_by_role("slider", name="Position").fill("1.5")
    recorded.get_by_role("button", name="Play").click()
    ear.wait_for_level(recorded, "level > -60")
    place_s = float(recorded.get_by_role("slider", name="Position").input_value())
    recorded.get_by_role("group", name="What you hear of the recording").get_by_label("Original").check()
    assert float(recorded.get_by_role("slider", name="Position").input_value()) >= place_s
    recorded.get_by_role("button", name="Pause").click()
    ear.wait_for_level(recorded, "level === -200")


def test_a_full_disk_ends_the_recording_and_keeps_what_there_is(context: BrowserContext, box: Box) -> None:
    page = _start(context, box)
    page.evaluate(
        """() => {
            const put = IDBObjectStore.prototype.put
            IDBObjectStore.prototype.put = function (value) {
                if (value.index >= 2) throw new DOMException('full', 'QuotaExceededError')
                return put.call(this, value)
            }
        }"""
    )
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("alert").filter(has_text="no room left")).to_be_visible()
    expect(page.get_by_role("button", name="Record", exact=True)).to_be_visible()
    open_last(page)
    _expect_still_on(page)


def test_what_is_deleted_is_gone(recorded: Page) -> None:
    recorded.get_by_role("button", name="Delete").click()
    recorded.get_by_role("button", name="Delete for good").click()
    expect(recorded.get_by_text("Nothing recorded yet")).to_be_visible()
    recorded.reload()
    expect(recorded.get_by_text("Nothing recorded yet")).to_be_visible()


def _expect_still_on(page: Page) -> None:
    """The stream runs on while another section is open."""
    page.get_by_role("link", name="Live").click()
    wait_for_truth(page, "on")


def _start(context: BrowserContext, box: Box) -> Page:
    page = open_paired(context, box.url, box.take_pin())
    switch(page)
    wait_for_truth(page, "on")
    return page


def _expect_a_piece_of(played: Samples, recorded: Samples) -> None:
    """What was recorded is a piece of what was played, unbroken."""
    start = find_lag(played, recorded)
    assert si_sdr_db(recorded, played[start : start + len(recorded)]) >= -MOST_RECORDING_ERROR_DB
