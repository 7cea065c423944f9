import math

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority
from edge_server.errors import (
    BadRequestError,
    EngineFailedError,
    InternalError,
    OverrunError,
    TooManyStreamsError,
)
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import (
    WAIT_S,
    ManualClock,
    ThreadedOwner,
    Voice,
    alone,
    drain,
    energy_db,
    flaky,
    inline_engine,
    run_all,
)


def test_the_noise_goes_and_no_limit_of_0_db_keeps_it_exactly(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples = noisy_voice(48000, 1.0, 0)
    engine = inline_engine(tiny_model)
    clean, dry = run_all(engine, [Voice(engine, samples, 48000, None), Voice(engine, samples, 48000, 0.0)])
    assert np.array_equal(to_s16(dry), to_s16(samples))
    assert energy_db(clean) < energy_db(samples) - 3


def test_no_more_is_suppressed_than_the_limit(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    engine = inline_engine(tiny_model)
    free, limited = run_all(engine, [Voice(engine, noise, limit_db=None), Voice(engine, noise, limit_db=3.0)])
    assert energy_db(free) < energy_db(noise) - 4
    assert energy_db(noise) - 3 <= energy_db(limited) < energy_db(noise) - 1


def test_a_changed_limit_ramps_over_frames(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples = noisy_voice(16000, 1.0, 0)
    engine = inline_engine(tiny_model)
    steady, changed = Voice(engine, samples, limit_db=0.0), Voice(engine, samples, limit_db=0.0)
    for voice in (steady, changed):
        voice.submit(20)
    engine.set_suppression_limit(changed.handle, None)
    dry, wet = run_all(engine, [steady, changed])
    hops = np.abs(dry - wet)[: len(dry) // 256 * 256].reshape(-1, 256).max(axis=1)
    assert hops[:19].max() < 1e-6
    assert hops[25:].max() > 0.01
    # After five frames the floor is exactly gone: the rest equals a stream that never had one.
    engine = inline_engine(tiny_model)
    (free,) = run_all(engine, [Voice(engine, samples, limit_db=None)])
    assert free[25 * 256 :].tobytes() == wet[25 * 256 :].tobytes()
    assert free[20 * 256 : 22 * 256].tobytes() != wet[20 * 256 : 22 * 256].tobytes()


def test_a_full_engine_refuses_each_kind_on_its_own(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model, max_streams=2, max_file_streams=1)
    geometry = tiny_model.facts.geometry(16000)
    first = engine.open_stream(geometry, None, Priority.LIVE)
    engine.open_stream(geometry, None, Priority.LIVE)
    engine.open_stream(geometry, None, Priority.FILE)
    with pytest.raises(TooManyStreamsError, match="2 of 2 live voices"):
        engine.open_stream(geometry, None, Priority.LIVE)
    with pytest.raises(TooManyStreamsError, match="1 of 1 files"):
        engine.open_stream(geometry, None, Priority.FILE)
    engine.close_stream(first)
    engine.close_stream(first)
    engine.open_stream(geometry, None, Priority.LIVE)
    engine.run_inline()
    assert (engine.stats().live_streams, engine.stats().file_streams) == (2, 1)


def test_what_a_closed_stream_still_had_under_way_is_not_drained(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model)
    handle = engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.LIVE)
    engine.submit(handle, np.zeros(256, np.float32), math.inf)
    engine.run_inline()
    engine.close_stream(handle)
    assert engine.drain() == []


def test_slots_are_enough_however_often_streams_come_and_go(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model, max_streams=2, max_file_streams=1)
    geometry = tiny_model.facts.geometry(16000)
    for _ in range(20):
        handles = [engine.open_stream(geometry, None, Priority.LIVE) for _ in range(2)]
        engine.submit(handles[0], np.zeros(256, np.float32), math.inf)
        for handle in handles:
            engine.close_stream(handle)
    engine.run_inline()
    assert engine.drain() == []
    assert engine.stats().queued_frames == 0


def test_a_frame_past_its_deadline_comes_out_dry_and_leaves_the_state(
    tiny_model: ModelFile, noisy_voice: MakeVoice
) -> None:
    samples = noisy_voice(16000, 1.0, 0)
    clock = ManualClock()
    engine = inline_engine(tiny_model, clock)
    voice, dry = Voice(engine, samples), Voice(engine, samples, limit_db=0.0)
    voice.submit(20)
    voice.submit(10, deadline_s=clock.now_s - 0.001)
    wet, reference = run_all(engine, [voice, dry])
    assert voice.late == [False] * 20 + [True] * 10 + [False] * (len(voice.late) - 30)
    # Whole hops between two late frames are the dry signal; where wet meets dry, the windows cross-fade.
    assert np.array_equal(to_s16(wet[20 * 256 : 29 * 256]), to_s16(reference[20 * 256 : 29 * 256]))
    assert energy_db(wet[:5120] - reference[:5120]) > energy_db(reference) - 20
    assert engine.stats().late_frames == 10


def test_wet_and_dry_audio_fade_into_each_other(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples = noisy_voice(16000, 1.0, 0)
    clock = ManualClock()
    engine = inline_engine(tiny_model, clock)
    voice, never_late, dry = Voice(engine, samples), Voice(engine, samples), Voice(engine, samples, limit_db=0.0)
    voice.submit(20)
    voice.submit(10, deadline_s=clock.now_s - 0.001)
    heard, wet, reference = run_all(engine, [voice, never_late, dry])
    into_dry, out_of_dry, edge = 19 * 256, 29 * 256, 16
    begins, ends = slice(into_dry, into_dry + edge), slice(into_dry + 256 - edge, into_dry + 256)
    for place, there, gone in ((begins, wet, reference), (ends, reference, wet)):
        assert energy_db(heard[place] - there[place]) < energy_db(gone[place] - there[place]) - 20
    begins, ends = slice(out_of_dry, out_of_dry + edge), slice(out_of_dry + 256 - edge, out_of_dry + 256)
    assert energy_db(heard[begins] - reference[begins]) < energy_db(heard[ends] - reference[ends]) - 20


def test_late_neighbours_in_a_batch_change_nothing(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    clock = ManualClock()
    engine = inline_engine(tiny_model, clock)
    late = [Voice(engine, noisy_voice(rate_hz, 0.5, rate_hz), rate_hz) for rate_hz in (16000, 48000)]
    on_time = [Voice(engine, noisy_voice(rate_hz, 0.5, 1), rate_hz) for rate_hz in (16000, 48000)]
    for voice in late:
        voice.submit(15, deadline_s=clock.now_s - 1)
    outs = run_all(engine, [*on_time, *late])
    for voice, rate_hz, out in zip(on_time, (16000, 48000), outs, strict=False):
        assert not any(voice.late)
        assert out.tobytes() == alone(tiny_model, noisy_voice(rate_hz, 0.5, 1), rate_hz, None).tobytes()
    assert all(voice.late[:15] == [True] * 15 for voice in late)


def test_the_state_after_a_late_frame_is_that_before_it(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples = noisy_voice(16000, 0.3, 0)
    clock = ManualClock()
    engine = inline_engine(tiny_model, clock)
    late, skipping = Voice(engine, samples), Voice(engine, samples)
    silence = np.zeros(256, np.float32)
    for voice in (late, skipping):
        voice.submit(8)
    # Two silent late frames empty the history of both; only one of the two streams hears four more of them.
    for handle, count in ((late.handle, 6), (skipping.handle, 2)):
        for _ in range(count):
            engine.submit(handle, silence, clock.now_s - 1)
    engine.run_inline()
    drain(engine, [late, skipping])
    late.audio.pull(late.audio.available())
    skipping.audio.pull(skipping.audio.available())
    outs = []
    for voice in (late, skipping):
        voice.submit(5)
        engine.run_inline()
        outs.append(np.concatenate([result.hop for result in engine.drain()]))
    assert outs[0].tobytes() == outs[1].tobytes()


def test_a_stream_that_is_hushed_or_closed_loses_the_frames_that_wait_for_their_turn(
    tiny_model: ModelFile, noisy_voice: MakeVoice
) -> None:
    engine = inline_engine(tiny_model)
    hushed, closed, stays = (Voice(engine, noisy_voice(16000, 0.2, seed)) for seed in range(3))
    for voice in (hushed, closed, stays):
        voice.submit(6)
    engine.close_stream(closed.handle)
    engine.hush_stream(hushed.handle)
    engine.run_inline()
    assert {result.handle for result in engine.drain()} == {stays.handle}
    assert engine.stats().queued_frames == 0


def test_streams_of_all_rates_share_one_run(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    engine = inline_engine(tiny_model)
    for rate_hz in (8000, 16000, 48000):
        Voice(engine, noisy_voice(rate_hz, 0.1, 0), rate_hz).submit(1)
    engine.run_inline()
    stats = engine.stats()
    assert (sum(stats.batch_sizes), stats.frames) == (1, 3)
    assert stats.batch_sizes[3] == 1


def test_a_stream_may_only_queue_so_much(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model, max_queued_frames=3)
    handle = engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.LIVE)
    silence = np.zeros(256, np.float32)
    for _ in range(3):
        engine.submit(handle, silence, math.inf)
    with pytest.raises(OverrunError):
        engine.submit(handle, silence, math.inf)
    engine.run_inline()
    engine.drain()
    engine.submit(handle, silence, math.inf)


def test_misuse_is_told_to_the_owner(tiny_model: ModelFile) -> None:
    engine = inline_engine(tiny_model)
    handle = engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.LIVE)
    with pytest.raises(InternalError):
        engine.submit(handle, np.zeros(128, np.float32), math.inf)
    engine.close_stream(handle)
    with pytest.raises(InternalError):
        engine.submit(handle, np.zeros(256, np.float32), math.inf)
    with pytest.raises(BadRequestError):
        EngineConfig(max_batch=0)
    with pytest.raises(BadRequestError):
        EngineConfig(threads=0)
    with pytest.raises(BadRequestError):
        EngineConfig(max_streams=0, max_file_streams=0)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_threads_give_what_inline_gives(tiny_model: ModelFile, noisy_voice: MakeVoice, threads: int) -> None:
    samples = [noisy_voice(48000, 0.5, seed) for seed in range(5)]
    inline = inline_engine(tiny_model)
    wanted = run_all(inline, [Voice(inline, voice, 48000) for voice in samples])
    with ThreadedOwner(tiny_model, threads=threads) as owner:
        voices = [Voice(owner.engine, voice, 48000) for voice in samples]
        hops = [len(voice.waiting) for voice in voices]
        while [len(voice.late) for voice in voices] != hops:
            for voice in voices:
                voice.submit(2)
            owner.wait()
            drain(owner.engine, voices)
        assert [voice.out().tobytes() for voice in voices] == [out.tobytes() for out in wanted]
        assert owner.engine.stats().running
    assert not owner.engine.stats().running


def test_a_probe_goes_through_the_thread(tiny_model: ModelFile) -> None:
    model, session = flaky(tiny_model)
    with ThreadedOwner(model) as owner:
        assert 0 < owner.engine.probe(WAIT_S) < WAIT_S
        session.broken = True
        with pytest.raises(EngineFailedError, match="out of order"):
            owner.engine.probe(WAIT_S)
    with pytest.raises(EngineFailedError, match="longer than"):
        owner.engine.probe(0.01)


def test_a_stopped_engine_takes_nothing_more(tiny_model: ModelFile) -> None:
    geometry = tiny_model.facts.geometry(16000)
    with ThreadedOwner(tiny_model) as owner:
        handle = owner.engine.open_stream(geometry, None, Priority.LIVE)
    with pytest.raises(EngineFailedError):
        owner.engine.submit(handle, np.zeros(256, np.float32), math.inf)
    with pytest.raises(EngineFailedError):
        owner.engine.open_stream(geometry, None, Priority.LIVE)


def test_a_dead_thread_wakes_its_owner_and_says_so(tiny_model: ModelFile) -> None:
    with ThreadedOwner(tiny_model) as owner:
        handle = owner.engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.LIVE)
        owner.engine.submit(handle, np.full(256, "x", object), math.inf)  # no audio at all: a defect of the owner
        owner.wait()
        with pytest.raises(EngineFailedError):
            owner.engine.drain()
        with pytest.raises(EngineFailedError):
            owner.engine.submit(handle, np.zeros(256, np.float32), math.inf)
        with pytest.raises(EngineFailedError):
            owner.engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.FILE)


def test_the_rows_of_a_run_are_whole_fours_beyond_eight(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    engine = inline_engine(tiny_model, max_streams=16, max_batch=16)
    voices = [Voice(engine, noisy_voice(16000, 0.1, seed)) for seed in range(9)]
    for voice in voices:
        voice.submit(1)
    engine.run_inline()
    (lane,) = engine._lanes
    assert list(lane.pipeline._denoiser._prepared) == [(12, 1)]


def test_only_live_frames_count_for_the_age_of_the_queue(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    engine = inline_engine(tiny_model)
    file = engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.FILE)
    engine.submit(file, np.zeros(256, np.float32), math.inf)
    engine.run_inline()
    assert (engine.stats().frames, sum(engine.stats().queue_ages)) == (1, 0)
    live = Voice(engine, noisy_voice(16000, 0.1, 0))
    live.submit(1)
    engine.run_inline()
    assert sum(engine.stats().queue_ages) == 1
