"""What the owner's side keeps is bounded, whatever happens on the box."""

import logging
from pathlib import Path

from edge_server.box.event_feed import EVENTS_KEPT, BoxEvent, EventFeed
from edge_server.box.log_ring import LINES_KEPT, LogRing, without_secrets
from edge_server.box.sampler import STATS_KEPT, Counters, Sampler
from edge_server.box.thermals import throttled
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig, EngineStats
from edge_server.engine.worker import Engine
from edge_server.errors import PinWrongError, TokenInvalidError
from edge_server.sessions.latency import LatencyHistogram


class Clock:
    """A clock that a test sets."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_only_the_last_events_are_kept_and_all_are_told() -> None:
    told: list[BoxEvent] = []
    feed = EventFeed(Clock(), Clock())
    feed.listeners.append(told.append)
    for number in range(EVENTS_KEPT + 50):
        feed.publish("job.done", f"{number}")
    assert len(told) == EVENTS_KEPT + 50
    assert [event.number for event in feed.recent()] == list(range(51, EVENTS_KEPT + 51))


def test_a_flood_of_refusals_is_one_event_a_second_for_each_code() -> None:
    clock = Clock()
    feed = EventFeed(Clock(), clock)
    for _ in range(100):
        feed.publish_refusal(TokenInvalidError("no"))
        feed.publish_refusal(PinWrongError("no"))
    clock.now_s += 1
    feed.publish_refusal(TokenInvalidError("no"))
    assert [event.fields["code"] for event in feed.recent()] == ["token_invalid", "pin_wrong", "token_invalid"]


def test_refusals_are_told_however_the_wall_clock_is_set() -> None:
    wall, clock = Clock(), Clock()
    # Right after the machine has started; the wall clock learns the time later, and is put back then.
    clock.now_s = 0.2
    feed = EventFeed(wall, clock)
    feed.publish_refusal(TokenInvalidError("no"))
    wall.now_s -= 900
    clock.now_s += 0.5
    feed.publish_refusal(TokenInvalidError("no"))
    assert len(feed.recent()) == 1
    clock.now_s += 0.5
    feed.publish_refusal(TokenInvalidError("no"))
    wall.now_s += 5000
    feed.publish_refusal(TokenInvalidError("no"))
    assert [event.at_ms for event in feed.recent()] == [1_000_000, 100_000]


def test_only_the_last_lines_are_kept_each_of_bounded_length() -> None:
    ring = LogRing()
    logger = logging.Logger("test")
    logger.addHandler(ring)
    for number in range(LINES_KEPT + 5):
        logger.warning("line %d %s", number, "x" * 10_000)
    lines = ring.last(LINES_KEPT * 2)
    assert len(lines) == len(ring) == LINES_KEPT
    assert "line 5 " in lines[0]
    assert max(map(len, lines)) <= 2000


def test_secrets_are_taken_out_of_any_text() -> None:
    text = 'eyJhbGciOi.eyJzdWIi.sig-_x {"pin": "123456", "code": "abc"} Authorization: Bearer s3cret http://box/#pin=482915'
    assert without_secrets(text) == (
        '[removed] {"pin": "[removed]", "code": "[removed]"} Authorization: Bearer [removed] http://box/#pin=[removed]'
    )
    assert without_secrets("took 1.5 s, 3 of 4 files") == "took 1.5 s, 3 of 4 files"


def test_statistics_are_of_the_last_interval_and_bounded(tiny_model: ModelFile) -> None:
    clock = Clock()
    engine = Engine(tiny_model, EngineConfig(), lambda: None)
    voice = LatencyHistogram()
    dropped, unsent = [0], [0]

    def read() -> Counters:
        stats: EngineStats = engine.stats()
        return Counters(stats, dropped[0], 0, unsent[0], {1: voice}, {"connections": 3})

    sampler = Sampler(read, clock, clock)
    for _ in range(100):
        voice.add(0.5)
    clock.now_s += 1
    assert sampler.sample({"memory_bytes": 7})["delay_ms_p50"] > 400
    voice.add(0.01)
    dropped[0] += 6
    unsent[0] += 3
    clock.now_s += 2
    stats = sampler.sample({"memory_bytes": 7})
    assert stats["unsent_packets_per_s"] == 1.5
    # The hundred slow answers belong to the second before.
    assert 9 < stats["delay_ms_p50"] < 11.5
    assert (stats["dropped_packets_per_s"], stats["connections"], stats["uptime_s"], stats["memory_bytes"]) == (
        3.0,
        3,
        3,
        7,
    )
    clock.now_s += 1
    assert sampler.sample({"memory_bytes": 7})["delay_ms_p99"] is None
    for _ in range(STATS_KEPT + 10):
        sampler.sample({"memory_bytes": 7})
    assert len(sampler.kept) == STATS_KEPT


def test_throttling_is_read_as_the_firmware_tells_it(tmp_path: Path) -> None:
    word = tmp_path / "get_throttled"
    assert throttled(word) is None
    for text, expected in (("0\n", False), ("50000\n", False), ("50005\n", True), ("4\n", True), ("nonsense", None)):
        word.write_text(text)
        assert throttled(word) is expected
