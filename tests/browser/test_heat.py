"""A hot box tells its owner what heat takes, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from edge_server import app
from edge_server.box import heat_watch
from edge_server.engine.pacing import RunCost
from edge_server.sessions.capacity import Capacity
from tests.box.heat import Sensors
from tests.box.owners import owner_token
from tests.browser.browsers import Browsers
from tests.browser.pages import open_with_token
from tests.running_box import Box, running_box

FORTY_VOICES = Capacity(RunCost(0.0, 0.7 / 40.01 / 62.5), 0.0, 1)


@dataclass(frozen=True)
class WarmBox:
    """A box with the sensors that it feels."""

    box: Box
    sensors: Sensors


@pytest.fixture
def warm(tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WarmBox]:
    """Give a box of forty voices at 61 degrees."""
    sensors = Sensors(61.0, False)
    sensors.take_the_place_of_the_machines(monkeypatch)
    monkeypatch.setattr(app, "measure_capacity", lambda *arguments: FORTY_VOICES)
    monkeypatch.setattr(app, "_HEAT_CHECK_S", 0.05)
    monkeypatch.setattr(heat_watch, "CALM_S", 0.0)
    with running_box(tiny_model_path, tmp_path, self_test=True) as box:
        yield WarmBox(box, sensors)


@pytest.mark.parametrize("width_px", [1280, 360])
def test_the_owner_sees_what_heat_takes(warm: WarmBox, browsers: Browsers, width_px: int) -> None:
    with browsers.open(width_px=width_px) as context:
        page = open_with_token(context, warm.box.url, owner_token(warm.box))
        page.get_by_role("link", name="Box").click()
        expect(page.locator("#capacity")).to_contain_text("About 40 live voices, measured")
        expect(page.locator("#heat")).to_be_empty()
        warm.sensors.temperature_c = 86.0
        expect(page.locator("#heat")).to_have_text("20 of 40 now: the box is hot. Give it more air.")
        events = page.get_by_role("log", name="What happens")
        expect(events).to_contain_text("it admits 20 of 40 live voices now")
        warm.sensors.throttled = True
        expect(page.locator("#heat")).to_contain_text("20 of 40 now: the processor is slowed down.")
        expect(page.get_by_role("img", name="Temperature, slowed down")).to_have_accessible_name(
            "Temperature, slowed down: Temperature 86 °C now"
        )
        assert _overflow_px(page) == 0
        warm.sensors.temperature_c, warm.sensors.throttled = 61.0, False
        expect(page.locator("#heat")).to_be_empty()
        expect(page.get_by_role("img", name="Temperature")).to_have_accessible_name(
            "Temperature: Temperature 61 °C now"
        )
        expect(events).to_contain_text("it admits 40 live voices again")


def _overflow_px(page: Page) -> int:
    pixels: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return pixels
