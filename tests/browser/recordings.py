"""Recordings of the page: how to make one, and how to get its sound."""

from __future__ import annotations

from pathlib import Path

import soundfile
from playwright.sync_api import Page

from tests.browser.clips import Samples


def record_until(page: Page, seconds: float) -> None:
    """Record, until the recording is so long by the samples that it has."""
    page.get_by_role("button", name="Record").click()
    wait_for_seconds(page, seconds)


def wait_for_seconds(page: Page, seconds: float) -> None:
    """Wait until the running recording is so long."""
    page.wait_for_function(
        """seconds => {
            const shown = document.querySelector('.recording')?.textContent?.match(/(\\d+):(\\d+)/)
            return shown && 60 * Number(shown[1]) + Number(shown[2]) >= seconds
        }""",
        arg=seconds,
    )


def open_last(page: Page) -> None:
    """Open the recording that was finished just now."""
    page.get_by_role("link", name="Open it").click()
    page.get_by_role("button", name="Play").wait_for()


def download(page: Page, side: str, folder: Path, file_format: str = "WAV") -> tuple[int, Samples]:
    """Save one side of the open recording; its rate and samples."""
    page.get_by_role("group", name="What to download").get_by_label(side).check()
    page.get_by_role("group", name="Format").get_by_label(file_format).check()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download").click()
    path = folder / saved.value.suggested_filename
    saved.value.save_as(path)
    samples, rate_hz = soundfile.read(path, dtype="float64")
    return rate_hz, samples
