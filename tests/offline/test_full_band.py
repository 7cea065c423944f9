"""The shipped model at every rate: what is above 8 kHz stays with the voice and goes with the noise."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
import soxr

from edge_server.audio.stft import Float32
from edge_server.engine.model_file import ModelFile, find_default_model, load_model
from edge_server.offline.denoise import denoise_samples

CLIPS = Path(__file__).parents[1] / "data"
DEBIAN_SPEECH = Path("/usr/share/sounds/alsa")
"""Real speech at 48 kHz (package alsa-utils, GPL-2, so not kept here): "Front Center", "Rear Left", "Side Right"."""
SAID = ("Front_Center.wav", "Rear_Left.wav", "Side_Right.wav")
RATE_HZ = 48000

needs_speech = pytest.mark.skipif(not (DEBIAN_SPEECH / SAID[0]).exists(), reason="the package alsa-utils is not there")


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return load_model(find_default_model(Path(__file__).parents[2] / "quantized_models"))


def recorded() -> Float32:
    """Give real speech with energy up to 18 kHz: three times two words, after a second in which noise can be learned."""
    words = [soundfile.read(DEBIAN_SPEECH / name, dtype="float32")[0] for name in SAID]
    pause = np.zeros(RATE_HZ // 2, np.float32)
    return np.concatenate([pause, *(part for word in words for part in (pause, word))])


def widened() -> Float32:
    """Give a recording at 16 kHz whose s and f were continued above 8 kHz, as loud as they are just below."""
    clean, rate_hz = soundfile.read(CLIPS / "hum_5db.clean.flac", dtype="float32")
    wide = soxr.resample(clean, rate_hz, RATE_HZ)
    random = np.random.default_rng(0).standard_normal(len(wide))
    just_below, hiss = band(wide, 5500, 7500), band(random, 8000, 15000)
    envelope = np.sqrt(np.convolve(np.square(just_below), np.ones(480) / 480, "same"))
    return np.asarray(wide + envelope * hiss / hiss.std(), np.float32)


VOICES = [pytest.param(recorded, marks=needs_speech, id="recorded"), pytest.param(widened, id="widened")]


def band(samples: Float32, low_hz: float, high_hz: float, rate_hz: int = RATE_HZ) -> Float32:
    sections = scipy.signal.butter(8, (low_hz, high_hz), "bandpass", fs=rate_hz, output="sos")
    return np.asarray(scipy.signal.sosfiltfilt(sections, samples), np.float32)


def energy_db(samples: Float32) -> float:
    return float(10 * np.log10(np.square(samples, dtype=np.float64).sum() + 1e-20))


def pink(length: int) -> Float32:
    """Give steady noise over the whole band up to 24 kHz."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(length, 1 / RATE_HZ), 100))
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / noise.std(), np.float32)


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("rate_hz", [24000, 32000, 44100, 48000])
def test_a_clean_voice_keeps_what_is_above_8_khz(model: ModelFile, voice, rate_hz: int) -> None:
    clean = soxr.resample(voice(), RATE_HZ, rate_hz)
    out = denoise_samples(model, clean, rate_hz)
    assert len(out) == len(clean)
    top_hz = 0.9 * rate_hz / 2
    for low_hz, high_hz in ((300, 7000), (8200, min(top_hz, 12000)), (10000, min(top_hz, 16000))):
        if high_hz > low_hz + 500:
            lost_db = energy_db(band(clean, low_hz, high_hz, rate_hz)) - energy_db(band(out, low_hz, high_hz, rate_hz))
            assert -0.5 < lost_db < 2, (low_hz, high_hz)


@pytest.mark.parametrize("rate_hz", [24000, 32000, 44100, 48000])
def test_noise_goes_from_the_whole_band(model: ModelFile, rate_hz: int) -> None:
    noise = soxr.resample(0.02 * pink(5 * RATE_HZ), RATE_HZ, rate_hz)
    out = denoise_samples(model, noise, rate_hz)
    settled = slice(rate_hz, None)
    for low_hz, high_hz in ((300, 7000), (7500, 8500), (8500, 0.45 * rate_hz)):
        down_db = energy_db(band(noise, low_hz, high_hz, rate_hz)[settled]) - energy_db(
            band(out, low_hz, high_hz, rate_hz)[settled]
        )
        assert down_db > 25, (low_hz, high_hz)


@pytest.mark.parametrize("voice", VOICES)
def test_a_noisy_voice_gains_above_8_khz_too(model: ModelFile, voice) -> None:
    clean = voice()
    level = np.sqrt(np.mean(np.square(clean))) * 10 ** (-10 / 20)
    noisy = clean + np.float32(level) * pink(len(clean))
    out = denoise_samples(model, noisy, RATE_HZ)
    for low_hz, high_hz in ((300, 7000), (8200, 16000)):
        before, after = (energy_db(band(samples - clean, low_hz, high_hz)) for samples in (noisy, out))
        assert after < before - 3, (low_hz, high_hz)


def test_there_is_no_seam_where_the_model_ends(model: ModelFile) -> None:
    out = denoise_samples(model, 0.02 * pink(5 * RATE_HZ), RATE_HZ)[RATE_HZ:]
    hz, power = scipy.signal.welch(out, RATE_HZ, nperseg=1536)
    level_db = {edges: 10 * np.log10(power[(hz >= edges[0]) & (hz < edges[1])].mean()) for edges in
                ((6800, 7400), (7700, 8100), (8300, 8900))}  # fmt: skip
    below, seam, above = level_db.values()
    assert seam < max(below, above) + 3


def test_8_khz_comes_back_at_8_khz_with_less_noise(model: ModelFile) -> None:
    clean, noisy = (
        soxr.resample(soundfile.read(CLIPS / f"hum_5db.{kind}.flac", dtype="float32")[0], 16000, 8000)
        for kind in ("clean", "noisy")
    )
    out = denoise_samples(model, noisy, 8000)
    assert len(out) == len(noisy)
    assert energy_db(out - clean) < energy_db(noisy - clean) - 6
