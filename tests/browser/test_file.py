"""Recordings that are dropped on the page come back clean, also over a break."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from tests.browser import ear
from tests.browser.box import Box
from tests.browser.browsers import Browsers
from tests.browser.clips import CLIPS, Samples, find_lag, read_clip, si_sdr_db
from tests.browser.pages import open_paired

LEAST_GAIN_DB = 3.0
_LET_TOKEN_END = """() => {
    const { token } = JSON.parse(localStorage['hushbox.grant'])
    localStorage['hushbox.grant'] = JSON.stringify({ token, expiresAtMs: Date.now() - 1 })
}"""


@pytest.fixture
def page(silent_page: Page, box: Box) -> Page:
    """Give a connected page whose files are shown."""
    ear.tap(silent_page.context)
    silent_page.goto(f"{box.url}/#pin={box.take_pin()}")
    expect(silent_page.get_by_text("Connected", exact=True)).to_be_visible()
    silent_page.get_by_role("link", name="Files").click()
    expect(silent_page.get_by_text("No files yet.")).to_be_visible()
    return silent_page


def test_dropped_files_come_back_clean_and_aligned(page: Page, tmp_path: Path) -> None:
    clips = ["hum_5db", "electronics_0db"]
    _drop(page, [CLIPS / f"{clip}.noisy.flac" for clip in clips])
    for clip in clips:
        job = _job(page, f"{clip}.noisy.flac")
        expect(job).to_have_attribute("data-state", "done")
        rate_hz, clean = _download(job, tmp_path)
        target, noisy = read_clip(f"{clip}.clean"), read_clip(f"{clip}.noisy")
        assert rate_hz == 16000
        assert len(clean) == len(noisy)
        assert find_lag(clean, noisy) == 0
        assert si_sdr_db(clean, target) >= si_sdr_db(noisy, target) + LEAST_GAIN_DB


def test_the_chosen_strength_and_format_are_kept_to(page: Page, tmp_path: Path) -> None:
    page.get_by_label("Remove at most").fill("0")
    page.get_by_role("group", name="Format").get_by_label("FLAC").check()
    _drop(page, [CLIPS / "sensor_10db.noisy.flac"])
    job = _job(page, "sensor_10db.noisy.flac")
    expect(job).to_have_attribute("data-state", "done")
    _, copy = _download(job, tmp_path)
    assert copy.tolist() == read_clip("sensor_10db.noisy").tolist()


def test_both_versions_play_from_the_same_place(page: Page) -> None:
    _drop(page, [CLIPS / "sensor_10db.noisy.flac"])
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="Play").click()
    ear.wait_for_level(page, "level > -60")
    page.get_by_role("group", name="What you hear of the recording").get_by_label("Original").check()
    ear.wait_for_level(page, "level > -60")


def test_the_log_is_told_live_in_two_lengths_and_can_be_kept(page: Page, tmp_path: Path) -> None:
    _drop(page, [CLIPS / "hum_5db.noisy.flac"])
    job = _job(page, "hum_5db.noisy.flac")
    job.get_by_text("Log", exact=True).click()
    log = job.get_by_role("log")
    expect(log).to_contain_text("Opened: FLAC, 16000 Hz")
    expect(job).to_have_attribute("data-state", "done")
    short = log.inner_text()
    assert "DETAIL" not in short
    job.get_by_label("Detailed").check()
    expect(log).to_contain_text("DETAIL")
    with page.expect_download() as saved:
        job.get_by_role("button", name="Download the log").click()
    path = tmp_path / "log.txt"
    saved.value.save_as(path)
    assert path.read_text(encoding="utf-8").strip() == log.inner_text().strip()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("broken.wav", b"RIFF this is no sound", "cannot read that file|not a sound file"),
        ("empty.wav", b"", "no sound in it"),
        ("letter.pdf", b"%PDF-1.7", "not a sound file"),
    ],
)
def test_a_bad_file_is_refused_with_a_sentence(page: Page, name: str, content: bytes, sentence: str) -> None:
    file = {"name": name, "mimeType": "audio/wav", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    failure = page.locator(".file-failure, .job[data-state=failed] .failure").first
    expect(failure).to_contain_text(re.compile(sentence))
    expect(page.get_by_text(name).first).to_be_visible()
    expect(page.get_by_role("button", name="Download clean file")).to_have_count(0)


def test_an_upload_goes_on_where_it_was_after_a_break(browsers: Browsers, tmp_path: Path) -> None:
    box = Box(tmp_path / "box")
    recording = tmp_path / "long.wav"
    noise = read_clip("hum_5db.noisy", 48000)
    soundfile.write(recording, np.tile(noise, 12), 48000, subtype="PCM_16")
    try:
        with browsers.open() as context:
            page = open_paired(context, box.url, box.take_pin())
            page.get_by_role("link", name="Files").click()
            expect(page.get_by_text("No files yet.")).to_be_visible()
            page.locator("input[type=file]").set_input_files(recording)
            job = _job(page, "long.wav")
            expect(job).to_have_attribute("data-state", "uploading")
            box.stop()
            expect(page.get_by_text("Looking for the box")).to_be_visible()
            box.start()
            expect(job).to_have_attribute("data-state", re.compile("queued|running|done"))
            job.get_by_role("button", name="Cancel").or_(job.get_by_role("button", name="Delete")).click()
    finally:
        box.stop()


def test_a_job_can_be_cancelled_and_deleted(page: Page, tmp_path: Path) -> None:
    recording = tmp_path / "hour.wav"
    soundfile.write(recording, np.tile(read_clip("hum_5db.noisy"), 60), 16000, subtype="PCM_16")
    page.locator("input[type=file]").set_input_files(recording)
    job = _job(page, "hour.wav")
    job.get_by_role("button", name="Cancel").click()
    expect(job).to_have_attribute("data-state", "cancelled")
    job.get_by_role("button", name="Delete").click()
    job.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("No files yet.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("No files yet.")).to_be_visible()


def test_who_pairs_anew_has_its_files_again(page: Page, box: Box) -> None:
    _drop(page, [CLIPS / "sensor_10db.noisy.flac"])
    expect(_job(page, "sensor_10db.noisy.flac")).to_have_attribute("data-state", "done")
    page.evaluate(_LET_TOKEN_END)
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("has run out")
    page.get_by_label("PIN").fill(box.take_pin())
    page.keyboard.press("Enter")
    expect(_job(page, "sensor_10db.noisy.flac")).to_have_attribute("data-state", "done")


def test_a_box_without_room_refuses_a_file_until_another_is_deleted(browsers: Browsers, tmp_path: Path) -> None:
    box = Box(tmp_path / "box", {"HUSHBOX_MAX_JOB_STORAGE_BYTES": "400000"})
    try:
        with browsers.open() as context:
            page = open_paired(context, box.url, box.take_pin())
            page.get_by_role("link", name="Files").click()
            expect(page.get_by_text("No files yet.")).to_be_visible()
            for name in ("first.wav", "second.wav"):
                _write_wav(tmp_path / name, seconds=5)
            page.locator("input[type=file]").set_input_files(tmp_path / "first.wav")
            expect(_job(page, "first.wav")).to_have_attribute("data-state", "done")
            page.locator("input[type=file]").set_input_files(tmp_path / "second.wav")
            expect(page.locator(".file-failure")).to_contain_text("no room left for files")
            expect(_job(page, "second.wav")).to_have_count(0)
            _job(page, "first.wav").get_by_role("button", name="Delete").click()
            page.get_by_role("button", name="Delete for good").click()
            expect(page.get_by_text("No files yet.")).to_be_visible()
            page.locator("input[type=file]").set_input_files(tmp_path / "second.wav")
            expect(_job(page, "second.wav")).to_have_attribute("data-state", "done")
    finally:
        box.stop()


def _job(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name)


def _download(job: Locator, folder: Path) -> tuple[int, Samples]:
    with job.page.expect_download() as saved:
        job.get_by_role("button", name="Download clean file").click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    samples, rate_hz = soundfile.read(path, dtype="float64")
    return rate_hz, samples


def _write_wav(path: Path, seconds: int) -> None:
    soundfile.write(path, read_clip("hum_5db.noisy")[: seconds * 16000], 16000, subtype="PCM_16")


def _drop(page: Page, paths: list[Path]) -> None:
    transfer = page.evaluate_handle(
        """async files => {
            const transfer = new DataTransfer()
            for (const [name, data] of files) {
                const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0))
                transfer.items.add(new File([bytes], name))
            }
            return transfer
        }""",
        [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in paths],
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": transfer})
