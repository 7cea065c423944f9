import pytest

from edge_server.audio.geometry import SUPPORTED_RATES_HZ, StreamGeometry, nearest_supported_rate
from edge_server.errors import UnsupportedRateError


def geometry(rate_hz: int) -> StreamGeometry:
    return StreamGeometry.for_rate(rate_hz, model_rate_hz=16000, window_samples=512, hop_samples=256)


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_every_supported_rate_has_hops_of_16_ms_and_bins_of_31_25_hz(rate_hz: int) -> None:
    sizes = geometry(rate_hz)
    assert sizes.hop_samples / sizes.engine_rate_hz == 0.016
    assert sizes.bin_width_hz == 31.25
    assert sizes.bins == sizes.window_samples // 2 + 1
    assert sizes.model_bins == 257


def test_only_44100_hz_is_resampled() -> None:
    assert [rate_hz for rate_hz in SUPPORTED_RATES_HZ if geometry(rate_hz).resampled] == [44100]
    assert geometry(44100).engine_rate_hz == 48000


@pytest.mark.parametrize("rate_hz", [0, -16000, 11025, 22050, 96000])
def test_other_rates_are_refused(rate_hz: int) -> None:
    with pytest.raises(UnsupportedRateError, match=str(rate_hz)):
        geometry(rate_hz)


def test_a_model_whose_window_does_not_fit_a_rate_is_refused() -> None:
    with pytest.raises(UnsupportedRateError):
        StreamGeometry.for_rate(8000, model_rate_hz=16000, window_samples=510, hop_samples=255)


def test_files_of_other_rates_are_denoised_at_the_next_rate_above() -> None:
    rates_hz = [4000, 8000, 11025, 22050, 37800, 48000, 96000, 192000]
    assert [nearest_supported_rate(rate) for rate in rates_hz] == [
        8000,
        8000,
        16000,
        24000,
        44100,
        48000,
        48000,
        48000,
    ]
