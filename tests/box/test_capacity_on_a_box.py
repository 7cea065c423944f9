"""A box measures itself at its start, admits what it found, and less while it is hot; and says so to everyone."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from edge_server import app
from edge_server.box import heat_watch
from edge_server.client_http import RefusedError
from edge_server.sessions.capacity import Capacity
from tests.box.heat import TWO_VOICES, Sensors
from tests.box.owners import owner_token
from tests.jobs.rest import Rest
from tests.namespace_client import NamespaceClient
from tests.running_box import Box, running_box, wait_until

START = {"sample_rate_hz": 16000, "packet_samples": 320}


@pytest.fixture
def sensors(monkeypatch: pytest.MonkeyPatch) -> Sensors:
    sensors = Sensors()
    sensors.take_the_place_of_the_machines(monkeypatch)
    return sensors


@pytest.fixture
def measured_box(
    sensors: Sensors, tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Box]:
    def measure(*arguments: Any) -> Capacity:
        return TWO_VOICES

    assert TWO_VOICES.voices == 2
    monkeypatch.setattr(app, "measure_capacity", measure)
    monkeypatch.setattr(app, "_HEAT_CHECK_S", 0.02)
    monkeypatch.setattr(heat_watch, "CALM_S", 0.0)
    with running_box(tiny_model_path, tmp_path, self_test=True, stats_interval_s=0.05) as box:
        yield box


def capacity(box: Box) -> dict[str, Any]:
    return dict(Rest(box).get("/api/v1/info").json["capacity"])


def voices_until_refused(box: Box, stack: ExitStack) -> tuple[int, dict[str, Any]]:
    """How many start, and the error that the next one gets."""
    for started in range(10):
        try:
            stack.enter_context(box.client()).call("stream.start", START)
        except RefusedError as refused:
            return started, refused.error
    raise AssertionError("nobody was refused")


def test_what_is_measured_at_the_start_is_told_and_admitted(measured_box: Box) -> None:
    assert capacity(measured_box) == {
        "live_voices": 2,
        "limited_by": "cores",
        "text": "about 2 live voices on this box",
    }
    with ExitStack() as stack:
        started, error = voices_until_refused(measured_box, stack)
    assert (started, error["code"], error["retryable"]) == (2, "too_many_streams", True)
    assert error["retry_after_s"] == 15
    assert "2 of 2 live voices" in error["message"]


def test_a_hot_box_admits_fewer_says_why_and_recovers(measured_box: Box, sensors: Sensors) -> None:
    with NamespaceClient(measured_box, owner_token(measured_box), "/box") as owner:
        sensors.temperature_c, sensors.throttled = 86.0, False
        lowered = owner.wait_for("event", lambda event: event["kind"] == "capacity.lowered")
        assert lowered["text"] == "This box is hot (86.0 °C): it admits 1 of 2 live voices."
        assert lowered["fields"] == {"voices": 1, "voices_when_cool": 2, "temperature_c": 86.0, "throttled": False}
        told = owner.wait_for("stats", lambda stats: stats["limited_by"] == "heat")
        assert (told["max_streams"], told["max_streams_when_cool"], told["capacity_voices"]) == (1, 2, 2)
        assert (told["temperature_c"], told["throttled"]) == (86.0, False)
        assert (capacity(measured_box)["live_voices"], capacity(measured_box)["limited_by"]) == (1, "heat")
        with ExitStack() as stack:
            started, error = voices_until_refused(measured_box, stack)
        assert (started, error["code"]) == (1, "too_many_streams")
        sensors.temperature_c = 60.0
        restored = owner.wait_for("event", lambda event: event["kind"] == "capacity.restored")
        assert (restored["fields"], capacity(measured_box)["limited_by"]) == ({"voices": 2}, "cores")
        lines = owner.good("log.read", {"lines": 1000})["lines"]
        assert any(line.endswith(lowered["text"]) for line in lines)
        assert any(line.endswith("This box has recovered: it admits 2 live voices.") for line in lines)


def test_a_box_that_is_hot_when_it_starts_knows_it_at_once(
    sensors: Sensors, tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensors.throttled = True
    monkeypatch.setattr(app, "measure_capacity", lambda *arguments: TWO_VOICES)
    monkeypatch.setattr(app, "_HEAT_CHECK_S", 3600.0)
    with (
        running_box(tiny_model_path, tmp_path, self_test=True) as box,
        NamespaceClient(box, owner_token(box), "/box") as owner,
    ):
        assert (capacity(box)["live_voices"], capacity(box)["limited_by"]) == (1, "heat")
        (lowered,) = [event for event in owner.good("box.get")["events"] if event["kind"].startswith("capacity.")]
        assert lowered["text"] == (
            "The processor of this box is slowed down, by heat or by a weak power supply: it admits 1 of 2 live voices."
        )


def test_nobody_who_asks_reads_the_sensors_anew(
    sensors: Sensors, tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sensors.temperature_c = 54.5
    monkeypatch.setattr(app, "_HEAT_CHECK_S", 3600.0)
    with (
        running_box(tiny_model_path, tmp_path, stats_interval_s=0.02) as box,
        NamespaceClient(box, owner_token(box), "/box") as owner,
    ):
        wait_until(lambda: len(owner.pushed("stats")) > 3)
        assert b"hushbox_temperature_celsius 54.5" in Rest(box).get("/metrics").body
        assert {stats["temperature_c"] for stats in owner.pushed("stats")} == {54.5}
    assert sensors.readings == 1
