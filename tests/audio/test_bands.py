import numpy as np
import pytest

from edge_server.audio.bands import BandMap, limit_suppression
from edge_server.audio.geometry import SUPPORTED_RATES_HZ, StreamGeometry
from edge_server.audio.stft import Complex64, Float32, StftBank


def geometry(rate_hz: int) -> StreamGeometry:
    return StreamGeometry.for_rate(rate_hz, model_rate_hz=16000, window_samples=512, hop_samples=256)


def spectra(rate_hz: int, batch: int = 3) -> Complex64:
    random = np.random.default_rng(rate_hz)
    shape = (batch, geometry(rate_hz).bins)
    return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(np.complex64)


def from_model(rate_hz: int, dry: Complex64, model_in: Float32, model_out: Float32) -> Complex64:
    wet = dry.copy()
    BandMap(geometry(rate_hz)).from_model(wet, model_in, model_out)
    return wet


def to_model(rate_hz: int, dry: Complex64) -> Float32:
    model_in = np.full((len(dry), 257, 2), np.nan, np.float32)
    BandMap(geometry(rate_hz)).to_model(dry, model_in)
    return model_in


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_a_tone_has_the_same_magnitude_for_the_model_at_every_rate(rate_hz: int) -> None:
    sizes = geometry(rate_hz)
    stft = StftBank(sizes.window_samples, sizes.hop_samples, slots=1, max_frames=1)
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * sizes.hop_samples) / sizes.engine_rate_hz)
    hops = tone.astype(np.float32).reshape(2, -1)
    slot, one = np.array([0]), np.array([1])
    stft.analyse(slot, [hops[0]], one)
    model_in = to_model(rate_hz, stft.analyse(slot, [hops[1]], one)[0])
    magnitudes = np.hypot(*model_in[0].T)
    assert np.argmax(magnitudes) == 1000 / 31.25
    # Half the amplitude times the sum of the window, which is 2 / pi a sample.
    assert magnitudes.max() == pytest.approx(0.25 * 512 * 2 / np.pi, rel=1e-4)


def test_bins_that_8_khz_does_not_have_are_zero_for_the_model() -> None:
    model_in = to_model(8000, spectra(8000))
    assert not model_in[:, 129:].any()
    assert model_in[:, :129].any(axis=2).all()


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_a_model_that_changes_nothing_gives_the_dry_spectrum(rate_hz: int) -> None:
    dry = spectra(rate_hz)
    model_in = to_model(rate_hz, dry)
    wet = from_model(rate_hz, dry, model_in, model_in)
    np.testing.assert_allclose(wet, dry, rtol=1e-6)


def test_bins_above_the_model_follow_its_gain_just_below_its_end() -> None:
    dry = spectra(48000)
    model_in = to_model(48000, dry)
    model_out = model_in.copy()
    model_out[0, 176:241] *= 0.5  # 5.5 to 7.5 kHz
    model_out[1, :176] *= 0.5
    model_out[2, 176:241] *= 3.0
    wet = from_model(48000, dry, model_in, model_out)
    np.testing.assert_allclose(wet[0, 257:], 0.5 * dry[0, 257:], rtol=1e-5)
    np.testing.assert_allclose(wet[1:, 257:], dry[1:, 257:], rtol=1e-5)


def test_silence_stays_silence() -> None:
    dry = np.zeros((1, 769), np.complex64)
    model_in = to_model(48000, dry)
    assert not from_model(48000, dry, model_in, np.zeros_like(model_in)).any()


def test_suppression_is_limited_row_by_row() -> None:
    dry = spectra(16000)
    wet = 0.1 * spectra(16000)[::-1]
    limited = limit_suppression(dry, wet.copy(), np.array([0.0, 0.25, 1.0], np.float32))
    assert limited[0].tobytes() == wet[0].tobytes()
    np.testing.assert_allclose(limited[1], 0.25 * dry[1] + 0.75 * wet[1], rtol=1e-5)
    np.testing.assert_array_equal(limited[2], dry[2])


@pytest.mark.parametrize("batch", [2, 3, 8, 17, 32])
@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_a_row_alone_equals_the_row_in_a_batch_bit_for_bit(rate_hz: int, batch: int) -> None:
    dry = spectra(rate_hz, batch)
    model_out = to_model(rate_hz, dry[::-1].copy()) * np.float32(0.7)
    floors = np.linspace(0, 1, batch, dtype=np.float32)

    def whole_way(rows: slice) -> bytes:
        model_in = to_model(rate_hz, dry[rows])
        wet = from_model(rate_hz, dry[rows], model_in, model_out[rows])
        return limit_suppression(dry[rows], wet, floors[rows]).tobytes()

    assert b"".join(whole_way(slice(i, i + 1)) for i in range(batch)) == whole_way(slice(0, batch))
