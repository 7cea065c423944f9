"""Fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from tests.browser.box import Box
from tests.browser.chromium import PATIENCE_MS, open_browser
from tests.browser.clips import write_microphone

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Give the driver of the browsers."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """Give one running service with the shipped model."""
    running = Box(tmp_path_factory.mktemp("box"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def noisy_microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a WAV file of noisy speech, 5 dB above a mains hum, to be taken for a microphone."""
    return write_microphone(tmp_path_factory.mktemp("microphone") / "hum_5db.wav", "hum_5db.noisy")


@pytest.fixture
def silent_page(playwright: Playwright) -> Iterator[Page]:
    """Give an empty page of a browser without a microphone."""
    with open_browser(playwright) as context:
        yield context.pages[0]
