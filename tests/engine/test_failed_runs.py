"""A run of the model that fails gives dry audio, is counted, and leaves the streams as they were."""

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import ManualClock, Voice, drain, flaky, flaky_several, inline_engine, run_all


def test_a_failed_run_gives_dry_frames_counts_and_recovers(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    model, session = flaky(tiny_model)
    samples = noisy_voice(16000, 0.5, 0)
    engine = inline_engine(model)
    voice = Voice(engine, samples)
    voice.submit(10)
    engine.run_inline()
    session.broken = True
    voice.submit(10)
    engine.run_inline()
    stats = engine.stats()
    assert (stats.failed_runs, stats.late_frames) == (10, 10)
    assert "out of order" in str(engine.last_error(voice.handle))
    session.broken = False
    (out,) = run_all(engine, [voice])
    assert voice.late[:20] == [False] * 10 + [True] * 10
    assert not any(voice.late[20:])
    assert np.array_equal(to_s16(out[10 * 256 : 19 * 256]), to_s16(samples[10 * 256 : 19 * 256]))
    assert engine.stats().failed_runs == 10


def test_a_failed_run_of_several_frames_gives_all_of_them_dry_and_recovers(
    tiny_model: ModelFile, noisy_voice: MakeVoice
) -> None:
    model, session = flaky_several(tiny_model)
    samples = noisy_voice(16000, 0.5, 0)
    engine = inline_engine(model)
    voice = Voice(engine, samples)
    for session.broken in (False, True):
        voice.submit(8)
        engine.run_inline()
    stats = engine.stats()
    assert (session.runs, stats.failed_runs, stats.frames, stats.late_frames) == (4, 2, 16, 8)
    session.broken = False
    (out,) = run_all(engine, [voice])
    assert voice.late[:16] == [False] * 8 + [True] * 8
    assert not any(voice.late[16:])
    assert np.array_equal(to_s16(out[8 * 256 : 15 * 256]), to_s16(samples[8 * 256 : 15 * 256]))


@pytest.mark.parametrize("at_once", [1, 4])
def test_streams_go_on_after_a_failed_run_as_if_its_frames_had_been_late(
    tiny_model: ModelFile, noisy_voice: MakeVoice, at_once: int
) -> None:
    outs = []
    for failing in (True, False):
        model, session = (flaky if at_once == 1 else flaky_several)(tiny_model)
        clock = ManualClock()
        engine = inline_engine(model, clock)
        voices = [Voice(engine, noisy_voice(16000, 0.4, number)) for number in range(2)]
        for number in range(4):
            session.broken = failing and number == 1
            missed = not failing and number == 1
            for voice in voices:
                voice.submit(at_once, clock.now_s - 1 if missed else clock.now_s + 1)
            engine.run_inline()
            drain(engine, voices)
        assert voices[0].late == [False] * at_once + [True] * at_once + [False] * 2 * at_once
        outs.append(b"".join(out.tobytes() for out in run_all(engine, voices)))
    assert outs[0] == outs[1]
