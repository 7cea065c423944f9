"""A recording that is dropped on the page comes back clean."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.clips import CLIPS, find_lag, read_clip, si_sdr_db

LEAST_GAIN_DB = 3.0


@pytest.fixture
def page(silent_page: Page, box: Box) -> Page:
    """Give a connected page."""
    silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    return silent_page


@pytest.mark.parametrize("clip", ["hum_5db", "electronics_0db"])
def test_a_dropped_file_comes_back_clean_and_aligned(page: Page, tmp_path: Path, clip: str) -> None:
    _drop(page, CLIPS / f"{clip}.noisy.flac")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download clean WAV").click()
    assert download.value.suggested_filename == f"{clip}.noisy.clean.wav"
    path = tmp_path / "clean.wav"
    download.value.save_as(path)
    clean, rate_hz = soundfile.read(path)
    target, noisy = read_clip(f"{clip}.clean"), read_clip(f"{clip}.noisy")
    assert rate_hz == 16000
    assert len(clean) == len(noisy)
    assert find_lag(clean, noisy) == 0
    assert si_sdr_db(clean, target) >= si_sdr_db(noisy, target) + LEAST_GAIN_DB


def test_both_versions_play_at_the_same_place(page: Page) -> None:
    _drop(page, CLIPS / "sensor_10db.noisy.flac")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.5")
    page.get_by_role("group", name="What you hear of the file").get_by_label("Original").check()
    state = page.evaluate("[...document.querySelectorAll('audio')].map(a => [a.muted, a.paused, a.currentTime])")
    (clean_muted, clean_paused, clean_s), (original_muted, original_paused, original_s) = state
    assert (clean_muted, original_muted) == (True, False)
    assert (clean_paused, original_paused) == (False, False)
    assert clean_s == pytest.approx(original_s, abs=0.1)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("broken.wav", b"RIFF this is no sound", "cannot read that file"),
        ("empty.wav", b"", "no sound in it"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(page: Page, name: str, content: bytes, sentence: str) -> None:
    file = {"name": name, "mimeType": "audio/wav", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    failure = page.locator(".files").get_by_role("alert")
    expect(failure).to_contain_text(name)
    expect(failure).to_contain_text(sentence)
    expect(page.get_by_role("link", name="Download clean WAV")).to_have_count(0)
    expect(page.locator(".notice-board")).to_be_empty()


def test_a_good_file_ends_what_was_said_about_a_bad_one(page: Page) -> None:
    _choose_broken(page)
    failure = page.locator(".files").get_by_role("alert")
    expect(failure).to_be_visible()
    page.locator("input[type=file]").set_input_files(CLIPS / "sensor_10db.noisy.flac")
    expect(page.get_by_role("link", name="Download clean WAV")).to_be_visible()
    expect(failure).to_have_count(0)


def test_what_is_wrong_with_a_file_is_in_sight_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.locator(".drop").scroll_into_view_if_needed()
    assert page.evaluate("scrollY") > 0
    _choose_broken(page)
    expect(page.locator(".files .notice")).to_be_in_viewport(ratio=1)


def _choose_broken(page: Page) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "broken.wav", "mimeType": "audio/wav", "buffer": b"RIFF this is no sound"}
    )


def _drop(page: Page, path: Path) -> None:
    transfer = page.evaluate_handle(
        """async ([name, data]) => {
            const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0))
            const transfer = new DataTransfer()
            transfer.items.add(new File([bytes], name))
            return transfer
        }""",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
