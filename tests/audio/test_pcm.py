import numpy as np
import pytest

from edge_server.audio.pcm import from_s16le, sanitise, to_s16, to_s16le
from edge_server.errors import PacketWrongSizeError

EVERY_S16 = np.arange(-32768, 32768).astype("<i2").tobytes()


def test_every_s16_value_survives_the_round_trip() -> None:
    assert to_s16le(from_s16le(EVERY_S16)) == EVERY_S16


def test_samples_are_in_minus_one_to_below_one() -> None:
    samples = from_s16le(EVERY_S16)
    assert samples.dtype == np.float32
    assert samples.min() == -1.0
    assert samples.max() == 32767 / 32768


def test_halves_round_to_even_and_overload_clips() -> None:
    samples = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 40000, -40000, np.inf, -np.inf, np.nan], np.float32) / np.float32(
        32768
    )
    assert to_s16(samples).tolist() == [0, 2, 2, 0, -2, 32767, -32768, 32767, -32768, 0]


def test_an_odd_number_of_bytes_is_refused() -> None:
    with pytest.raises(PacketWrongSizeError):
        from_s16le(b"\x00\x01\x02")


def test_sanitise_replaces_what_is_not_a_number_and_leaves_its_argument_alone() -> None:
    samples = np.array([0.25, np.nan, np.inf, -np.inf, 3.0, -1e30], np.float32)
    assert sanitise(samples).tolist() == [0.25, 0.0, 0.0, 0.0, 1.0, -1.0]
    assert np.isnan(samples[1])
