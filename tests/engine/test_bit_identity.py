"""Whoever else is being served, and however the work is cut: a voice sounds the same, bit for bit."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_server.audio.geometry import SUPPORTED_RATES_HZ
from edge_server.audio.stft import Float32
from edge_server.engine.denoiser import Denoiser, ModelRun
from edge_server.engine.model_file import ModelFile
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import ManualClock, Voice, alone, drain, inline_engine

RATES_AND_LIMITS = [
    (rate_hz, (None, 0.0, 12.0)[number % 3]) for number, rate_hz in enumerate((*SUPPORTED_RATES_HZ, 16000, 48000))
]


@functools.cache
def _alone(model: ModelFile, make: MakeVoice, number: int) -> bytes:
    rate_hz, limit_db = RATES_AND_LIMITS[number]
    return alone(model, make(rate_hz, 0.25, number), rate_hz, limit_db).tobytes()


@settings(max_examples=40, deadline=None)
@given(
    numbers=st.lists(st.integers(0, len(RATES_AND_LIMITS) - 1), min_size=1, max_size=19),
    max_batch=st.integers(1, 64),
    threads=st.integers(1, 3),
    data=st.data(),
)
def test_any_interleaving_and_batching_gives_each_stream_what_it_gets_alone(
    tiny_model: ModelFile,
    noisy_voice: MakeVoice,
    numbers: list[int],
    max_batch: int,
    threads: int,
    data: st.DataObject,
) -> None:
    engine = inline_engine(tiny_model, max_batch=max_batch, threads=threads)
    voices: list[Voice] = []
    for number in numbers:
        rate_hz, limit_db = RATES_AND_LIMITS[number]
        voices.append(Voice(engine, noisy_voice(rate_hz, 0.25, number), rate_hz, limit_db))
    while any(voice.waiting for voice in voices):
        voice = data.draw(st.sampled_from([voice for voice in voices if voice.waiting]))
        voice.submit(data.draw(st.integers(1, 25)))
        for _ in range(data.draw(st.integers(0, 2))):
            engine.step()
        drain(engine, voices)
    engine.run_inline()
    drain(engine, voices)
    for number, voice in zip(numbers, voices, strict=True):
        assert voice.out().tobytes() == _alone(tiny_model, noisy_voice, number)


@pytest.mark.parametrize("streams", [1, 9, 10, 13])
def test_nothing_that_is_left_in_the_memory_of_runs_is_heard(
    tiny_model: ModelFile, noisy_voice: MakeVoice, monkeypatch: pytest.MonkeyPatch, streams: int
) -> None:
    prepare = Denoiser.prepare

    def prepare_spoilt(denoiser: Denoiser, streams: int, frames: int = 1) -> ModelRun:
        run = prepare(denoiser, streams, frames)
        for values in (run.spectrum, *run.states.values(), run.outputs):
            values[:] = np.nan
        return run

    monkeypatch.setattr(Denoiser, "prepare", prepare_spoilt)
    clock = ManualClock()
    engine = inline_engine(tiny_model, clock, max_batch=64)
    voices = [Voice(engine, noisy_voice(16000, 0.25, number % 3)) for number in range(streams)]
    late = Voice(engine, noisy_voice(16000, 0.25, 3))
    while any(voice.waiting for voice in voices):
        # One frame of each, then four, then four of some and three of others; and one that is late in every batch.
        for hops in (1, 4, None):
            for number, voice in enumerate(voices):
                voice.submit(3 + number % 2 if hops is None else hops)
            late.submit(1, clock.now_s - 1)
            engine.run_inline()
            drain(engine, [*voices, late])
    assert engine.stats().failed_runs == 0
    for number, voice in enumerate(voices):
        assert voice.out().tobytes() == alone(tiny_model, noisy_voice(16000, 0.25, number % 3), 16000, None).tobytes()


def test_a_slot_that_was_used_before_gives_the_same(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    samples: Float32 = noisy_voice(16000, 0.5, 0)
    engine = inline_engine(tiny_model, max_streams=1)
    outs = []
    for _ in range(3):
        voice = Voice(engine, samples)
        while voice.waiting:
            voice.submit(3)
            engine.run_inline()
            drain(engine, [voice])
        outs.append(voice.out())
        engine.close_stream(voice.handle)
    assert outs[0].tobytes() == outs[1].tobytes() == outs[2].tobytes()
    assert np.abs(outs[0]).max() > 0.01
