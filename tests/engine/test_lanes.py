"""An engine with several threads: which streams live where, and that nobody can tell by listening."""

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_server.engine import lane as lane_module
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import LARGEST_WAIT_S, NO_COST, RunCost
from edge_server.engine.placement import FILLED_SHARE, choose_lane, filled_at
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority, StreamHandle
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError, TooManyStreamsError
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import WAIT_S, ManualClock, ThreadedOwner, Voice, alone, flaky, inline_engine, run_all

SILENCE = np.zeros(256, np.float32)


def streams(live: int, files: int = 0) -> dict[Priority, int]:
    return {Priority.LIVE: live, Priority.FILE: files}


@pytest.mark.parametrize(
    ("lanes", "lane"),
    [
        ([streams(0), streams(0)], 0),
        ([streams(9), streams(0)], 0),
        ([streams(10), streams(0)], 1),
        ([streams(9), streams(10)], 0),
        ([streams(10), streams(11)], 0),
        ([streams(12), streams(11)], 1),
    ],
)
def test_live_streams_fill_a_lane_and_then_the_next(lanes: list[dict[Priority, int]], lane: int) -> None:
    assert choose_lane(lanes, Priority.LIVE, 10) == lane


def test_where_nothing_was_measured_live_streams_are_spread() -> None:
    assert filled_at(NO_COST, 64, 62.5) == 0
    assert choose_lane([streams(1), streams(0)], Priority.LIVE, 0) == 1


def test_files_go_where_most_is_spoken_so_that_voices_are_served_before_them() -> None:
    assert choose_lane([streams(0), streams(0)], Priority.FILE, 10) == 0
    assert choose_lane([streams(3, files=4), streams(1)], Priority.FILE, 10) == 0
    assert choose_lane([streams(1), streams(3)], Priority.FILE, 10) == 1


def test_a_lane_is_filled_when_its_streams_take_their_share_of_its_time() -> None:
    cost = RunCost(3.2e-4, 30e-6)
    filled = filled_at(cost, 64, 62.5)
    assert filled * 62.5 * cost.run_s(64) / 64 <= FILLED_SHARE < (filled + 1) * 62.5 * cost.run_s(64) / 64


def test_an_engine_fills_its_lanes_by_what_was_measured(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model, threads=2, max_streams=9)
    # A frame of a full batch takes 2.4 ms, 62.5 of which are 0.15 s: four streams are its share.
    engine.set_cost(RunCost(0.0, 0.0024))
    geometry = tiny_model.facts.geometry(16000)
    handles = [engine.open_stream(geometry, None) for _ in range(9)]
    assert [handle.lane for handle in handles] == [0] * 4 + [1] * 4 + [0]
    with pytest.raises(TooManyStreamsError, match="9 of 9 live voices"):
        engine.open_stream(geometry, None)
    engine.close_stream(handles[5])
    assert engine.open_stream(geometry, None).lane == 1


def one_stream_in_each_lane(engine: Engine) -> list[StreamHandle]:
    geometry = engine.model.facts.geometry(16000)
    handles = [engine.open_stream(geometry, None) for _ in range(engine.config.threads)]
    assert [handle.lane for handle in handles] == list(range(engine.config.threads))
    return handles


def test_the_statistics_are_those_of_all_lanes(tiny_model: ModelFile) -> None:
    model, session = flaky(tiny_model)
    engine = inline_engine(model, threads=2, max_file_streams=1)
    handles = one_stream_in_each_lane(engine)
    engine.open_stream(model.facts.geometry(16000), None, Priority.FILE)
    for handle in handles:
        engine.submit(handle, SILENCE, math.inf)
    engine.run_inline()
    session.broken = True
    engine.submit(handles[1], SILENCE, math.inf)
    engine.run_inline()
    stats = engine.stats()
    assert (stats.frames, stats.batch_sizes[1], sum(stats.queue_ages)) == (3, 3, 3)
    assert (stats.failed_runs, stats.late_frames) == (1, 1)
    assert engine.last_error(handles[0]) is None
    assert "out of order" in str(engine.last_error(handles[1]))
    assert (stats.live_streams, stats.file_streams) == (2, 1)
    for handle in handles:
        engine.close_stream(handle)
    assert engine.stats().live_streams == 0


def test_a_hushed_stream_stays_in_its_lane(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    engine = inline_engine(tiny_model, threads=3)
    first, *_ = one_stream_in_each_lane(engine)
    engine.close_stream(first)
    voice = Voice(engine, noisy_voice(16000, 0.3, 0))
    assert voice.handle.lane == 0
    other = engine.open_stream(tiny_model.facts.geometry(16000), None)
    successor = engine.hush_stream(other)
    assert successor.lane == other.lane
    engine.submit(successor, SILENCE, math.inf)
    engine.run_inline()
    assert [result.handle for result in engine.drain()] == [successor]


def test_lanes_side_by_side_give_what_each_voice_gets_alone(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples = [noisy_voice(48000, 0.4, seed) for seed in range(7)]
    engine = inline_engine(tiny_model, threads=3)
    voices = [Voice(engine, voice, 48000) for voice in samples]
    assert {voice.handle.lane for voice in voices} == {0, 1, 2}
    with ThreadPoolExecutor(3) as pool:
        outs = run_all(engine, voices, pool.map)
    for voice, out in zip(samples, outs, strict=True):
        assert out.tobytes() == alone(tiny_model, voice, 48000, None).tobytes()


def test_a_probe_goes_through_every_lane(tiny_model: ModelFile) -> None:
    model, session = flaky(tiny_model)
    with ThreadedOwner(model, threads=3) as owner:
        owner.engine.probe(WAIT_S)
        assert session.runs == 3
        # One thread that does not come back is enough for a box that is not ready.
        held = threading.Event()
        session.hold_next = held
        with pytest.raises(EngineFailedError, match="longer than"):
            owner.engine.probe(0.05)
        held.set()


def test_a_defect_of_one_lane_ends_them_all_and_every_stream_is_told(tiny_model: ModelFile) -> None:
    with ThreadedOwner(tiny_model, threads=2) as owner:
        handles = one_stream_in_each_lane(owner.engine)
        owner.engine.submit(handles[1], np.full(256, "x", object), math.inf)  # no audio at all: a defect of the owner
        owner.wait()
        with pytest.raises(EngineFailedError):
            owner.engine.drain()
        for handle in handles:
            with pytest.raises(EngineFailedError):
                owner.engine.submit(handle, SILENCE, math.inf)
        assert not owner.engine.stats().running


def test_a_stop_ends_every_thread(tiny_model: ModelFile) -> None:
    def engine_threads() -> int:
        return sum(thread.name.startswith("hushbox-engine") for thread in threading.enumerate())

    before = engine_threads()
    with ThreadedOwner(tiny_model, threads=3):
        assert engine_threads() == before + 3
    assert engine_threads() == before


@pytest.mark.parametrize(("voices", "file_frames", "waits"), [(1, 0, False), (1, 60, False), (40, 0, True)])
def test_a_lane_waits_for_company_and_never_for_long_and_never_for_one_voice_alone(
    tiny_model: ModelFile, monkeypatch: pytest.MonkeyPatch, voices: int, file_frames: int, waits: bool
) -> None:
    slept_s: list[float] = []
    monkeypatch.setattr(lane_module.time, "sleep", slept_s.append)
    clock, woken = ManualClock(), threading.Event()
    config = EngineConfig(max_streams=voices)
    engine = Engine(tiny_model, config, wake=woken.set, clock=clock, cost=RunCost(2e-3, 1e-5))
    geometry = tiny_model.facts.geometry(16000)
    handles = [engine.open_stream(geometry, None) for _ in range(voices)]
    file = engine.open_stream(geometry, None, Priority.FILE)
    engine.start()
    for _ in range(40):
        for _ in range(file_frames):
            engine.submit(file, SILENCE, math.inf)
        for handle in handles:
            clock.now_s += 0.016 / voices
            engine.submit(handle, SILENCE, clock.now_s + 1)
        heard = 0
        while heard < voices + file_frames:
            assert woken.wait(WAIT_S)
            woken.clear()
            heard += len(engine.drain())
    engine.stop()
    assert bool(slept_s) is waits
    assert all(0 < wait_s <= LARGEST_WAIT_S for wait_s in slept_s)
