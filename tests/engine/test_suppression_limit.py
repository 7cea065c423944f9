"""The suppression limit, live: 0 dB is the dry signal to the bit, no limit is the whole model, and the way between is smooth."""

import math

import numpy as np
import pytest
import scipy.signal

from edge_server.audio.pcm import to_s16
from edge_server.audio.stft import Float32
from edge_server.engine.model_file import ModelFile
from edge_server.engine.rate_bank import RAMP_FRAMES
from tests.conftest import Voice as MakeVoice
from tests.engine.driving import Voice, drain, inline_engine

NATIVE_RATES_HZ = [8000, 16000, 24000, 32000, 48000]
CHANGE_HOP = 60
Changes = dict[int, float | None]


def run(model: ModelFile, samples: Float32, rate_hz: int, start_db: float | None, changes: Changes) -> Float32:
    """Give what a live voice becomes when its limit is changed before the hops that `changes` names."""
    engine = inline_engine(model)
    voice = Voice(engine, samples, rate_hz, start_db)
    for hop in range(len(voice.waiting)):
        if hop in changes:
            engine.set_suppression_limit(voice.handle, changes[hop])
        voice.submit(1)
        engine.run_inline()
        drain(engine, [voice])
    return voice.out()


def low_tones(rate_hz: int, duration_s: float = 2.5) -> Float32:
    """Give steady tones below 1.5 kHz in steady noise below 1.5 kHz: above 3 kHz there is nothing, unless it clicks."""
    random = np.random.default_rng(0)
    time_s = np.arange(round(rate_hz * duration_s)) / rate_hz
    tones = sum(0.1 * np.sin(2 * np.pi * tone_hz * time_s + tone_hz) for tone_hz in (210, 480, 930))
    low_pass = scipy.signal.butter(10, 1200, fs=rate_hz, output="sos")
    noise = scipy.signal.sosfilt(low_pass, 0.2 * random.standard_normal(len(time_s)))
    return np.asarray(tones + noise, np.float32)


def burst_db(samples: Float32, rate_hz: int) -> float:
    """Give the loudest 8 ms above 3 kHz, in dB."""
    high_pass = scipy.signal.butter(8, 3000, "highpass", fs=rate_hz, output="sos")
    high = scipy.signal.sosfiltfilt(high_pass, samples[rate_hz // 4 : -rate_hz // 4])
    window = rate_hz // 125
    return 10 * math.log10(
        np.square(high[: len(high) // window * window]).reshape(-1, window).mean(axis=1).max() + 1e-20
    )


@pytest.mark.parametrize("rate_hz", NATIVE_RATES_HZ)
def test_0_db_is_the_dry_signal_to_the_bit_once_the_ramp_is_over(
    tiny_model: ModelFile, noisy_voice: MakeVoice, rate_hz: int
) -> None:
    samples = noisy_voice(rate_hz, 2.5, 3)
    hop = rate_hz * 16 // 1000
    out = run(tiny_model, samples, rate_hz, None, {CHANGE_HOP: 0.0})
    dry_from = (CHANGE_HOP + RAMP_FRAMES) * hop
    assert np.array_equal(to_s16(out[dry_from:]), to_s16(samples[dry_from:]))
    whole_model = run(tiny_model, samples, rate_hz, None, {})
    before = (CHANGE_HOP - 1) * hop
    assert out[:before].tobytes() == whole_model[:before].tobytes()
    assert not np.array_equal(to_s16(out[:before]), to_s16(samples[:before]))


@pytest.mark.parametrize("rate_hz", NATIVE_RATES_HZ)
def test_off_the_leash_is_the_whole_model_to_the_bit(
    tiny_model: ModelFile, noisy_voice: MakeVoice, rate_hz: int
) -> None:
    samples = noisy_voice(rate_hz, 2.5, 4)
    out = run(tiny_model, samples, rate_hz, 0.0, {CHANGE_HOP: None})
    free_from = (CHANGE_HOP + RAMP_FRAMES) * rate_hz * 16 // 1000
    assert out[free_from:].tobytes() == run(tiny_model, samples, rate_hz, None, {})[free_from:].tobytes()


@pytest.mark.parametrize("rate_hz", NATIVE_RATES_HZ[1:])
@pytest.mark.parametrize(
    "changes",
    [
        {CHANGE_HOP: 0.0},
        {CHANGE_HOP: 12.0, CHANGE_HOP + 20: None, CHANGE_HOP + 40: 0.0},
        {hop: (0.0 if hop % 2 else None) for hop in range(40, 110)},
        {hop: (0.0 if hop % 7 else 24.0) for hop in range(40, 110, 3)},
    ],
    ids=["once", "steps", "every hop", "before a ramp has ended"],
)
def test_no_change_clicks(tiny_model: ModelFile, rate_hz: int, changes: Changes) -> None:
    samples = low_tones(rate_hz)
    steady = [run(tiny_model, samples, rate_hz, limit_db, {}) for limit_db in (0.0, None)]
    changed = run(tiny_model, samples, rate_hz, None, changes)
    # What the model itself does above 3 kHz, or what 16-bit audio hides anyway.
    hidden_db = -96
    allowed_db = max(hidden_db, *(burst_db(out, rate_hz) for out in steady)) + 3
    assert burst_db(changed, rate_hz) <= allowed_db


def test_a_switch_without_a_ramp_would_be_heard_as_a_click(tiny_model: ModelFile) -> None:
    samples = low_tones(16000)
    dry, wet = (run(tiny_model, samples, 16000, limit_db, {}) for limit_db in (0.0, None))
    switched = np.concatenate([wet[:16000], dry[16000:]])
    assert burst_db(switched, 16000) > max(burst_db(dry, 16000), burst_db(wet, 16000)) + 10


def test_the_level_goes_from_one_to_the_other_without_a_peak(tiny_model: ModelFile) -> None:
    samples = low_tones(16000)
    dry, wet = (run(tiny_model, samples, 16000, limit_db, {}) for limit_db in (0.0, None))
    changed = run(tiny_model, samples, 16000, None, {CHANGE_HOP: 0.0, CHANGE_HOP + 30: None})
    dry_db, wet_db, changed_db = (
        10 * np.log10(np.square(out[: len(out) // 256 * 256]).reshape(-1, 256).mean(axis=1) + 1e-12)
        for out in (dry, wet, changed)
    )
    inside = slice(10, -10)
    assert (changed_db[inside] <= np.maximum(dry_db, wet_db)[inside] + 0.5).all()
    assert (changed_db[inside] >= np.minimum(dry_db, wet_db)[inside] - 0.5).all()


@pytest.mark.parametrize("limit_db", [3.0, 12.0, 24.0, 40.0])
def test_nothing_loses_more_than_the_limit(tiny_model: ModelFile, limit_db: float) -> None:
    noise = (0.05 * np.random.default_rng(1).standard_normal(40000)).astype(np.float32)
    limited = run(tiny_model, noise, 16000, limit_db, {})[8000:32000]
    spectra = [np.abs(scipy.signal.stft(part, 16000, nperseg=512)[2]) ** 2 for part in (noise[8000:32000], limited)]
    lost_db = 10 * np.log10(spectra[0].mean(axis=1) / spectra[1].mean(axis=1))
    assert lost_db.max() <= limit_db + 0.5
