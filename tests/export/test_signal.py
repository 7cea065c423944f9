"""STFT, bands, losses and the optimiser's orthogonalisation."""

import pytest
import torch

from export import stft
from export.bands import BAND_COUNT, band_power, interpolation
from export.losses import IntelligibilityLoss, spectral_loss
from export.muon import orthogonalise
from export.recipe import Prices
from export.spec import AudioSpec


def test_synthesis_gives_the_input_back_one_hop_late() -> None:
    torch.manual_seed(0)
    spec, samples = AudioSpec(), torch.randn(2, 256 * 20)
    restored = stft.synthesise(stft.analyse(samples, spec), spec)
    delay = spec.window_samples - spec.hop_samples
    torch.testing.assert_close(restored[:, delay:], samples[:, :-delay], atol=1e-5, rtol=0)


def test_bands_average_the_power_they_cover() -> None:
    power = torch.arange(257, dtype=torch.float32)
    bands = band_power(power[None, None])[0, 0]
    assert bands.shape == (BAND_COUNT,)
    assert bands[10] == 10
    assert bands[32] == 32.5
    assert bands[-1] == power[248:256].mean()


def test_interpolation_puts_every_band_on_its_centre() -> None:
    lower, upper, weight = interpolation()
    values = torch.arange(BAND_COUNT, dtype=torch.float32)
    bins = values[lower] + weight * (values[upper] - values[lower])
    assert bins[:32].tolist() == list(range(32))
    assert torch.all(bins.diff() >= 0)
    assert bins[-1] == BAND_COUNT - 1


def test_loss_is_least_for_the_target_and_dearer_for_removed_than_for_added() -> None:
    torch.manual_seed(0)
    target = torch.randn(2, 30, 257, 2)
    perfect, removed, added = (spectral_loss(target * gain, target, target, Prices()) for gain in (1.0, 0.7, 1.3))
    assert perfect < added < removed


def test_loss_of_silence_is_finite_and_falls_with_the_residue() -> None:
    torch.manual_seed(0)
    silence, residue = torch.zeros(1, 30, 257, 2), torch.randn(1, 30, 257, 2) * 0.1
    assert torch.isfinite(spectral_loss(silence, silence, silence, Prices()))
    losses = [float(spectral_loss(residue * gain, silence, residue, Prices())) for gain in (1.0, 0.1, 0.01, 0.001)]
    assert losses == sorted(losses, reverse=True)


def test_a_decibel_of_noise_alone_has_the_price_of_one_of_distortion_up_to_forty() -> None:
    torch.manual_seed(0)
    silence, noise = torch.zeros(1, 30, 257, 2), torch.randn(1, 30, 257, 2)
    gains = (1.0, 0.1, 1e-4, 1e-5)
    priced, plain = (
        [float(spectral_loss(noise * gain, silence, noise, Prices(distortion=price))) for gain in gains]
        for price in (0.01, 0.0)
    )
    earned = [free - paid for free, paid in zip(plain, priced, strict=True)]
    assert earned[1] - earned[0] == pytest.approx(0.2, abs=0.01)
    assert earned[2] == pytest.approx(0.4, abs=0.01)
    assert earned[3] == pytest.approx(earned[2], abs=0.01)


def test_a_price_of_residue_counts_in_pauses_only() -> None:
    torch.manual_seed(0)
    target = torch.randn(2, 30, 257, 2)
    target[:, 10:20] = 0
    for frames, dearer in ((slice(10, 20), True), (slice(0, 10), False)):
        estimate = target.clone()
        estimate[:, frames] += 0.1
        priced, plain = (spectral_loss(estimate, target, target, Prices(residue=residue)) for residue in (1.0, 0.0))
        assert (priced > plain) == dearer


def test_orthogonalised_gates_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    singular = torch.linalg.svdvals(orthogonalise(torch.randn(3, 48, 96)))
    assert singular.min() > 0.5
    assert singular.max() < 1.5


def test_intelligibility_ignores_loudness_and_falls_with_noise() -> None:
    torch.manual_seed(0)
    loss, syllables = IntelligibilityLoss(AudioSpec()), torch.rand(2, 60, 1, 1).repeat_interleave(4, 1)
    target, noise = torch.randn(2, 240, 257, 2) * syllables, torch.randn(2, 240, 257, 2)
    assert loss(target * 0.2, target) < 1e-3
    little, much = (loss(target + level * noise, target) for level in (0.2, 1.0))
    assert 1e-3 < little < much


def test_intelligibility_of_silence_is_finite() -> None:
    silence = torch.zeros(1, 60, 257, 2)
    assert IntelligibilityLoss(AudioSpec())(silence, silence) == 0
