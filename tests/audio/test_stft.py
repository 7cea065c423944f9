import numpy as np
import pytest

from edge_server.audio.stft import Complex64, Float32, StftBank, sqrt_hann

WINDOWS = [256, 512, 768, 1024, 1536]


def bank(window_samples: int, slots: int = 40) -> StftBank:
    return StftBank(window_samples, window_samples // 2, slots, max_batch=slots)


def noise(*shape: int) -> Float32:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("window_samples", WINDOWS)
def test_analysis_then_synthesis_gives_the_input_one_hop_later(window_samples: int) -> None:
    hop = window_samples // 2
    stft = bank(window_samples)
    slot = np.array([3])
    hops = noise(20, hop)
    out = np.concatenate([stft.synthesise(slot, stft.analyse(slot, [samples]))[0] for samples in hops])
    np.testing.assert_allclose(out[hop:], hops.ravel()[:-hop], atol=1e-6)
    assert np.abs(out[:hop]).max() < 1e-6


def test_a_spectrum_is_that_of_the_windowed_frame_that_ends_with_the_hop() -> None:
    stft = bank(512)
    hops = noise(2, 256)
    slot = np.array([0])
    stft.analyse(slot, [hops[0]])
    spectrum = stft.analyse(slot, [hops[1]])
    wanted = np.fft.rfft(hops.ravel().astype(np.float64) * np.sqrt(np.hanning(513)[:-1]))
    assert spectrum.dtype == np.complex64
    np.testing.assert_allclose(spectrum[0], wanted, atol=1e-4)


def test_the_window_is_the_periodic_square_root_hann() -> None:
    window = sqrt_hann(512).astype(np.float64)
    np.testing.assert_allclose(window[:256] ** 2 + window[256:] ** 2, 1.0, atol=1e-6)
    assert window[0] == 0.0


@pytest.mark.parametrize("window_samples", WINDOWS)
@pytest.mark.parametrize("batch", [2, 3, 7, 8, 15, 16, 17, 32, 33])
def test_a_row_alone_equals_the_row_in_a_batch_bit_for_bit(window_samples: int, batch: int) -> None:
    together, alone = bank(window_samples), bank(window_samples)
    slots = np.random.default_rng(1).permutation(40)[:batch]
    for hops in noise(3, batch, window_samples // 2):
        spectra = together.analyse(slots, list(hops))
        apart: list[Complex64] = [alone.analyse(slots[i : i + 1], [hops[i]]) for i in range(batch)]
        assert np.concatenate(apart).tobytes() == spectra.tobytes()
        finished = together.synthesise(slots, spectra)
        finished_apart = [alone.synthesise(slots[i : i + 1], apart[i]) for i in range(batch)]
        assert np.concatenate(finished_apart).tobytes() == finished.tobytes()


def test_a_cleared_slot_has_forgotten_everything() -> None:
    stft = bank(512)
    slot = np.array([5])
    hops = noise(2, 256)
    first = stft.synthesise(slot, stft.analyse(slot, [hops[0]]))
    stft.synthesise(slot, stft.analyse(slot, [hops[1]]))
    stft.clear(5)
    again = stft.synthesise(slot, stft.analyse(slot, [hops[0]]))
    assert again.tobytes() == first.tobytes()
