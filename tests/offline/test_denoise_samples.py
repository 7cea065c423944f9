import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from tests.conftest import Voice
from tests.engine.driving import alone, energy_db, flaky

NATIVE_RATES_HZ = [8000, 16000, 24000, 32000, 48000]
RESAMPLED_RATES_HZ = [4000, 11025, 22050, 44100, 96000]


@pytest.mark.parametrize("rate_hz", NATIVE_RATES_HZ)
@pytest.mark.parametrize("samples", [1, 100, 16384, 30001])
def test_at_0_db_a_native_rate_comes_back_bit_for_bit(
    tiny_model: ModelFile, noisy_voice: Voice, rate_hz: int, samples: int
) -> None:
    voice = noisy_voice(rate_hz, 4.0, 0)[:samples]
    assert np.array_equal(to_s16(denoise_samples(tiny_model, voice, rate_hz, 0.0)), to_s16(voice))


@pytest.mark.parametrize("rate_hz", RESAMPLED_RATES_HZ)
def test_resampled_rates_come_back_aligned_and_as_long(tiny_model: ModelFile, rate_hz: int) -> None:
    time_s = np.arange(2 * rate_hz + 13) / rate_hz
    tones = np.asarray(0.3 * np.sin(2 * np.pi * 210 * time_s) + 0.2 * np.sin(2 * np.pi * 1130 * time_s), np.float32)
    dry = denoise_samples(tiny_model, tones, rate_hz, 0.0)
    assert len(dry) == len(tones)
    kept = slice(rate_hz // 10, -rate_hz // 10)
    # soxr's passband ripples by up to 0.3 dB each way at its quick setting.
    np.testing.assert_allclose(dry[kept], tones[kept], atol=0.02)


def test_the_result_is_that_of_a_live_stream(tiny_model: ModelFile, noisy_voice: Voice) -> None:
    voice = noisy_voice(48000, 1.0, 0)
    clean = denoise_samples(tiny_model, voice, 48000)
    assert clean.tobytes() == alone(tiny_model, voice, 48000, None).tobytes()
    assert energy_db(clean) < energy_db(voice) - 3


def test_numbers_that_are_none_are_silence(tiny_model: ModelFile, noisy_voice: Voice) -> None:
    voice = noisy_voice(16000, 1.0, 0)
    broken, silenced = voice.copy(), voice.copy()
    broken[[100, 5000, 9000]] = np.nan, np.inf, -np.inf
    silenced[[100, 5000, 9000]] = 0.0
    clean = denoise_samples(tiny_model, broken, 16000)
    assert clean.tobytes() == denoise_samples(tiny_model, silenced, 16000).tobytes()
    assert np.isfinite(clean).all()


def test_progress_adds_up_to_the_samples(tiny_model: ModelFile, noisy_voice: Voice) -> None:
    voice = noisy_voice(22050, 3.0, 0)
    steps: list[int] = []
    denoise_samples(tiny_model, voice, 22050, progress=steps.append)
    assert sum(steps) == len(voice)
    assert len(steps) > 2


def test_nothing_in_is_nothing_out(tiny_model: ModelFile) -> None:
    assert len(denoise_samples(tiny_model, np.empty(0, np.float32), 44100)) == 0


def test_a_model_that_fails_is_an_error_and_never_dry_audio(tiny_model: ModelFile, noisy_voice: Voice) -> None:
    model, session = flaky(tiny_model)
    session.broken = True
    with pytest.raises(EngineFailedError, match="out of order"):
        denoise_samples(model, noisy_voice(16000, 0.5, 0), 16000)
