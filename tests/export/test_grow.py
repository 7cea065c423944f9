"""A model that grew computes what it did before, and every new part of it can learn."""

from dataclasses import replace

import pytest
import torch

from export.errors import CheckpointError
from export.grow import grow
from export.model import Denoiser
from export.recipe import ModelConfig
from tests.export.conftest import SMALL

LARGER = ModelConfig(tokens=10, channels=12, full_band=24, blocks=3)
HEARING = replace(LARGER, filter_bins=20, fine_bins=64, phase_bins=16)


def run(model: Denoiser, spectrum: torch.Tensor) -> torch.Tensor:
    cleaned, _ = model(spectrum, model.initial_states(len(spectrum)))
    return cleaned


@pytest.mark.parametrize("config", [SMALL, LARGER, replace(LARGER, filter_bins=20), HEARING])
def test_a_grown_model_computes_the_same(network: Denoiser, config: ModelConfig) -> None:
    torch.manual_seed(1)
    network.feature_mean.fill_(0.3)
    larger, spectrum = Denoiser(config), torch.randn(2, 12, 257, 2)
    grow(network.state_dict(), larger)
    with torch.no_grad():
        torch.testing.assert_close(run(larger, spectrum), run(network, spectrum), atol=1e-5, rtol=0)


def test_every_new_part_gets_a_gradient_once_it_is_heard(network: Denoiser) -> None:
    torch.manual_seed(1)
    larger, spectrum = Denoiser(HEARING), torch.randn(2, 12, 257, 2)
    grow(network.state_dict(), larger)
    assert not larger.encode.weight[: SMALL.channels, 80:].any()
    optimiser = torch.optim.SGD(larger.parameters(), lr=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        torch.autograd.backward(run(larger, spectrum).square().mean())
        optimiser.step()
    for name, parameter in larger.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_trained_filter_goes_along_and_cannot_change() -> None:
    torch.manual_seed(1)
    trained, spectrum = Denoiser(replace(SMALL, filter_bins=20)), torch.randn(2, 12, 257, 2)
    assert trained.deep_filter is not None
    torch.nn.init.normal_(trained.deep_filter.decode.weight, std=0.1)
    larger = Denoiser(replace(LARGER, filter_bins=20))
    grow(trained.state_dict(), larger)
    with torch.no_grad():
        torch.testing.assert_close(run(larger, spectrum), run(trained, spectrum), atol=1e-5, rtol=0)
    for config in (LARGER, replace(LARGER, filter_bins=30)):
        with pytest.raises(CheckpointError, match="--filter-bins"):
            grow(trained.state_dict(), Denoiser(config))


def test_what_a_trained_model_hears_goes_along() -> None:
    torch.manual_seed(1)
    hearing = Denoiser(HEARING)
    with pytest.raises(CheckpointError, match="--fine-bins"):
        grow(hearing.state_dict(), Denoiser(replace(HEARING, phase_bins=0)))
    again, spectrum = Denoiser(HEARING), torch.randn(2, 12, 257, 2)
    grow(hearing.state_dict(), again)
    with torch.no_grad():
        torch.testing.assert_close(run(again, spectrum), run(hearing, spectrum), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("config", "advice"),
    [(ModelConfig(10, 4, 16, 2), "choose larger sizes"), (ModelConfig(9, 8, 16, 2), "does not have 9 tokens")],
)
def test_a_model_cannot_start_from_a_larger_one_or_from_other_tokens(
    network: Denoiser, config: ModelConfig, advice: str
) -> None:
    with pytest.raises(CheckpointError, match=advice):
        grow(network.state_dict(), Denoiser(config))


def test_gains_for_bins_do_not_become_gains_for_bands() -> None:
    trained = Denoiser(replace(SMALL, gains=257)).state_dict()
    with pytest.raises(CheckpointError, match="--gains 257"):
        grow(trained, Denoiser(SMALL))
