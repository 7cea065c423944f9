import numpy as np
import pytest

from edge_server.audio.stft import Complex64, Float32, Lengths, StftBank, sqrt_hann

WINDOWS = [256, 512, 768, 1024, 1536]


def bank(window_samples: int, slots: int = 40) -> StftBank:
    return StftBank(window_samples, window_samples // 2, slots, max_frames=4 * slots)


def ones(batch: int) -> Lengths:
    return np.ones(batch, np.intp)


def noise(*shape: int) -> Float32:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("window_samples", WINDOWS)
def test_analysis_then_synthesis_gives_the_input_one_hop_later(window_samples: int) -> None:
    hop = window_samples // 2
    stft = bank(window_samples)
    slot = np.array([3])
    hops = noise(20, hop)
    out = np.concatenate(
        [stft.synthesise(slot, stft.analyse(slot, [samples], ones(1)), ones(1))[0, 0] for samples in hops]
    )
    np.testing.assert_allclose(out[hop:], hops.ravel()[:-hop], atol=1e-6)
    assert np.abs(out[:hop]).max() < 1e-6


def test_a_spectrum_is_that_of_the_windowed_frame_that_ends_with_the_hop() -> None:
    stft = bank(512)
    hops = noise(2, 256)
    slot = np.array([0])
    stft.analyse(slot, [hops[0]], ones(1))
    spectrum = stft.analyse(slot, [hops[1]], ones(1))
    wanted = np.fft.rfft(hops.ravel().astype(np.float64) * np.sqrt(np.hanning(513)[:-1]))
    assert spectrum.dtype == np.complex64
    np.testing.assert_allclose(spectrum[0, 0], wanted, atol=1e-4)


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
        spectra = together.analyse(slots, list(hops), ones(batch))
        apart: list[Complex64] = [alone.analyse(slots[i : i + 1], [hops[i]], ones(1)) for i in range(batch)]
        assert np.concatenate(apart).tobytes() == spectra.tobytes()
        finished = together.synthesise(slots, spectra, ones(batch))
        finished_apart = [alone.synthesise(slots[i : i + 1], apart[i], ones(1)) for i in range(batch)]
        assert np.concatenate(finished_apart).tobytes() == finished.tobytes()


def test_several_hops_of_different_number_equal_the_same_hops_one_by_one_bit_for_bit() -> None:
    together, alone = bank(512), bank(512)
    slots, lengths = np.array([7, 2, 9, 4]), np.array([4, 1, 3, 2])
    for hops in noise(5, 4, 4, 256):
        spectra = together.analyse(slots, list(hops.reshape(16, 256)), lengths)
        finished = together.synthesise(slots, spectra.copy(), lengths)
        for number, length in enumerate(lengths):
            for at in range(length):
                slot = slots[number : number + 1]
                spectrum = alone.analyse(slot, [hops[at, number]], ones(1))
                assert spectrum.tobytes() == spectra[at, number].tobytes()
                assert alone.synthesise(slot, spectrum, ones(1)).tobytes() == finished[at, number].tobytes()


def test_a_cleared_slot_has_forgotten_everything() -> None:
    stft = bank(512)
    slot = np.array([5])
    hops = noise(2, 256)
    first = stft.synthesise(slot, stft.analyse(slot, [hops[0]], ones(1)), ones(1))
    stft.synthesise(slot, stft.analyse(slot, [hops[1]], ones(1)), ones(1))
    stft.clear(5)
    again = stft.synthesise(slot, stft.analyse(slot, [hops[0]], ones(1)), ones(1))
    assert again.tobytes() == first.tobytes()
