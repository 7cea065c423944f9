"""What the owner hears of heat: the beginning at once, each worsening, and the end when it lasts."""

import threading

import pytest

from edge_server.box.event_feed import EventFeed
from edge_server.box.heat_watch import CALM_S, HeatWatch
from edge_server.box.thermals import Thermometer, temperature_c
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import RunCost
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import Capacity
from tests.box.heat import Sensors

# So much that a quarter and a half of it are whole voices.
FORTY_VOICES = Capacity(RunCost(0.0, 0.7 / 40.01 / 62.5), 0.0, 1)


class Watched:
    """A watch over a box whose sensors and clock can be set."""

    def __init__(self, model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        self.sensors = Sensors()
        self.sensors.take_the_place_of_the_machines(monkeypatch)
        thermometer = Thermometer()
        self.engine = Engine(model, EngineConfig(max_streams=1000), lambda: None)
        admission = Admission(self.engine, True, lambda: thermometer.temperature_c, lambda: thermometer.throttled)
        admission.use(FORTY_VOICES)
        self.feed = EventFeed(lambda: self.now_s, lambda: self.now_s)
        self.watch = HeatWatch(thermometer, admission, self.feed, lambda: self.now_s)

    def pass_a_second(self, temperature_c: float | None, throttled: bool | None = None) -> None:
        self.now_s += 1
        self.sensors.temperature_c, self.sensors.throttled = temperature_c, throttled
        self.watch.look()

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(event.kind, event.fields["voices"]) for event in self.feed.recent()]


@pytest.fixture
def watched(tiny_model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tiny_model, monkeypatch)


def test_heat_is_told_when_it_begins_when_it_grows_and_when_it_is_over(watched: Watched) -> None:
    for temperature in (60.0, 81.0, 82.0, 86.0, 87.0, 81.0):
        watched.pass_a_second(temperature)
    assert watched.told == [("capacity.lowered", 30), ("capacity.lowered", 20)]
    for _ in range(int(CALM_S) - 1):
        watched.pass_a_second(60.0)
    assert len(watched.told) == 2
    watched.pass_a_second(60.0)
    watched.pass_a_second(60.0)
    assert watched.told[2:] == [("capacity.restored", 40)]


def test_a_sensor_that_flutters_is_one_event(watched: Watched) -> None:
    for _ in range(100):
        watched.pass_a_second(70.0, True)
        watched.pass_a_second(70.0, False)
    assert watched.told == [("capacity.lowered", 20)]


def test_what_the_owner_has_limited_further_is_not_told_as_heat(watched: Watched) -> None:
    watched.engine.max_live_streams = 10
    watched.pass_a_second(90.0)
    assert watched.told == []
    watched.engine.max_live_streams = 1000
    watched.pass_a_second(90.0)
    watched.engine.max_live_streams = 10
    for _ in range(int(CALM_S) + 1):
        watched.pass_a_second(90.0)
    # It is as hot as before: nothing has recovered.
    assert watched.told == [("capacity.lowered", 20)]


def test_the_sensors_are_read_on_another_thread(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[int] = []
    monkeypatch.setattr(Thermometer, "read", lambda thermometer: readers.append(threading.get_ident()))
    watched.watch.look()
    assert readers
    assert threading.get_ident() not in readers


def test_the_hottest_sensor_of_the_processor_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Reading:
        def __init__(self, current: float) -> None:
            self.current = current

    def fails() -> None:
        raise OSError

    nvme_and_cores = {"nvme": [Reading(91.0)], "coretemp": [Reading(48.0), Reading(61.26)]}
    for told, expected in (
        (lambda: nvme_and_cores, 61.3),
        (lambda: {"cpu_thermal": [Reading(50.0)], "acpitz": [Reading(99.0)]}, 50.0),
        (lambda: {"nvme": [Reading(91.0)], "coretemp": []}, None),
        (lambda: {}, None),
        (fails, None),
    ):
        monkeypatch.setattr("psutil.sensors_temperatures", told)
        assert temperature_c() == expected
    monkeypatch.delattr("psutil.sensors_temperatures")
    assert temperature_c() is None
