"""A run of the model that fails gives dry audio, is counted, and leaves the streams as they were."""

import numpy as np

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import Voice, flaky, flaky_several, inline_engine, run_all


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
