import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_server.audio.resample import (
    FILE_QUALITY,
    HELD_BACK_FROM_ENGINE_SAMPLES,
    HELD_BACK_INTO_ENGINE_SAMPLES,
    STREAM_QUALITY,
    Float32,
    StreamResampler,
    fit,
)

NOISE = np.random.default_rng(0).uniform(-1, 1, 30000).astype(np.float32)
BOTH_WAYS = [(44100, 48000, HELD_BACK_INTO_ENGINE_SAMPLES), (48000, 44100, HELD_BACK_FROM_ENGINE_SAMPLES)]


def in_chunks(samples: Float32, from_hz: int, to_hz: int, sizes: list[int], quality: str) -> Float32:
    resampler = StreamResampler(from_hz, to_hz, quality)
    ready, start = [], 0
    for size in sizes:
        ready.append(resampler.push(samples[start : start + size]))
        start += size
    ready.append(resampler.push(samples[start:], last=True))
    return np.concatenate(ready)


@settings(max_examples=20, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 2000), max_size=12),
    quality=st.sampled_from([STREAM_QUALITY, FILE_QUALITY]),
    way=st.sampled_from([(44100, 48000), (48000, 44100), (22050, 24000), (48000, 96000)]),
)
def test_what_comes_out_does_not_depend_on_the_chunks(sizes: list[int], quality: str, way: tuple[int, int]) -> None:
    cut = in_chunks(NOISE, *way, sizes, quality)
    assert cut.tobytes() == in_chunks(NOISE, *way, [], quality).tobytes()


@pytest.mark.parametrize(("from_hz", "to_hz", "held_back"), BOTH_WAYS)
@pytest.mark.parametrize("chunk", [7, 441, 768, 1000])
def test_no_more_is_held_back_than_stated(from_hz: int, to_hz: int, held_back: int, chunk: int) -> None:
    resampler = StreamResampler(from_hz, to_hz)
    came_out, silence = 0, np.zeros(chunk, np.float32)
    for pushed in range(chunk, 5 * from_hz, chunk):
        came_out += len(resampler.push(silence))
        assert pushed - came_out * from_hz / to_hz <= held_back


@pytest.mark.parametrize("tone_hz", [22200, 22600, 23200, 23800])
def test_nothing_aliases_above_minus_80_db(tone_hz: int) -> None:
    tone = (0.5 * np.sin(2 * np.pi * tone_hz * np.arange(48000) / 48000)).astype(np.float32)
    converted = StreamResampler(48000, 44100).push(tone, last=True)
    # The ends of the tone are steps, which are no aliases.
    assert np.abs(converted[2000:-2000]).max() < 0.5 * 10 ** (-80 / 20)


@pytest.mark.parametrize("tone_hz", [100, 1000, 8000, 15000])
def test_both_ways_give_a_tone_back_at_its_time_and_level(tone_hz: int) -> None:
    tone = (0.5 * np.sin(2 * np.pi * tone_hz * np.arange(44100) / 44100)).astype(np.float32)
    there = StreamResampler(44100, 48000).push(tone, last=True)
    back = StreamResampler(48000, 44100).push(there, last=True)[2000:-2000]
    tone = tone[2000 : 2000 + len(back)]
    gain = float(tone @ back / (tone @ tone))
    assert 20 * np.log10(gain) == pytest.approx(0, abs=0.6)
    np.testing.assert_allclose(back, gain * tone, atol=1e-4)


def test_fit_cuts_or_pads() -> None:
    assert fit(np.ones(3, np.float32), 2).tolist() == [1, 1]
    assert fit(np.ones(1, np.float32), 3).tolist() == [1, 0, 0]
