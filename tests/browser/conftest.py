"""Fixtures of the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.box import Box
from tests.browser.browsers import PATIENCE_MS, Browsers, running_browsers
from tests.browser.clips import write_microphone

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browsers() -> Iterator[Browsers]:
    """Give the browsers of all tests."""
    with running_browsers() as running:
        yield running


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
def silent_page(browsers: Browsers) -> Iterator[Page]:
    """Give an empty page of a browser without a microphone."""
    with browsers.open() as context:
        yield context.new_page()
