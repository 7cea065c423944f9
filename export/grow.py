"""A larger model that computes what a smaller one has learned: training goes on instead of starting again."""

from __future__ import annotations

import torch
from torch import Tensor

from export.bands import BAND_COUNT, interpolation
from export.errors import CheckpointError
from export.model import Block, Denoiser
from export.recipe import ModelConfig

GATES = 3


@torch.no_grad()
def grow(trained: dict[str, Tensor], model: Denoiser) -> None:
    """Give `model` the weights of a trained model of at most its size, so that both compute the same.

    New units listen to everything and nobody hears them yet: outgoing weights are zero, incoming ones stay as drawn. New
    blocks, which add to what they are given, add zero.
    Source: Chen, Goodfellow and Shlens 2016 (arXiv:1511.05641), section 2, with zeros in place of copied units.
    Mutates: `model`. Raises CheckpointError when the trained model is larger or has other tokens or gains.
    """
    config = model.config
    if len(trained["decode.weight"]) not in (BAND_COUNT, config.gains):
        raise CheckpointError("The trained model has gains for bins; give this one --gains 257 too.")
    small = _sizes(trained, config.tokens)
    if small.channels > config.channels or small.full_band > config.full_band or small.blocks > config.blocks:
        raise CheckpointError("Only a model at least as large can start from a trained one; choose larger sizes.")
    heard = torch.arange(len(trained["feature_mean"]))
    if len(heard) > len(model.feature_mean):
        raise CheckpointError("The trained model hears more of a frame; give it the same --fine-bins and --phase-bins.")
    model.feature_mean[heard] = trained["feature_mean"]
    model.feature_scale[heard] = trained["feature_scale"]
    width = _token_units(small, config)
    _place(model.encode.weight, trained["encode.weight"], width, heard)
    model.encode.bias[width] = trained["encode.bias"]
    _place(model.decode.weight, _for_bins(trained["decode.weight"], config.gains), None, width)
    model.decode.bias.copy_(_for_bins(trained["decode.bias"], config.gains))
    _grow_filter(model, trained, width)
    for index, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        if index < small.blocks:
            _grow_block(block, trained, f"blocks.{index}.", small, width)
        else:
            _silence(block)


def _for_bins(trained: Tensor, gains: int) -> Tensor:
    """Return what gives the gains of bands as what gives those of bins, where those are wanted: nearly the same gains."""
    if len(trained) == gains:
        return trained
    lower, upper, weight = interpolation(gains)
    weight = weight.reshape(-1, *[1] * (trained.ndim - 1))
    return trained[lower] + weight * (trained[upper] - trained[lower])


def _grow_filter(model: Denoiser, trained: dict[str, Tensor], width: Tensor) -> None:
    """Place the weights of a trained deep filter; a new one adds nothing as it was made."""
    weight = trained.get("deep_filter.decode.weight")
    if weight is None:
        return
    if model.deep_filter is None or len(weight) != len(model.deep_filter.decode.weight):
        raise CheckpointError("The trained model filters other bins; give it the same --filter-bins.")
    _place(model.deep_filter.decode.weight, weight, None, width)
    model.deep_filter.decode.bias.copy_(trained["deep_filter.decode.bias"])


def _sizes(trained: dict[str, Tensor], tokens: int) -> ModelConfig:
    width = trained["encode.weight"].shape[0]
    if width % tokens:
        raise CheckpointError(f"The trained model does not have {tokens} tokens, so this one cannot start from it.")
    blocks = sum(name.endswith("gather.weight") for name in trained)
    return ModelConfig(tokens, width // tokens, trained["blocks.0.gather.weight"].shape[0], blocks)


def _token_units(small: ModelConfig, large: ModelConfig) -> Tensor:
    """Return where the channels of each small token lie among those of the large ones."""
    return (torch.arange(small.tokens)[:, None] * large.channels + torch.arange(small.channels)).flatten()


def _gate_units(small: int, large: int) -> Tensor:
    return (torch.arange(GATES)[:, None] * large + torch.arange(small)).flatten()


def _place(weight: Tensor, trained: Tensor, rows: Tensor | None, columns: Tensor | None) -> None:
    rows = torch.arange(weight.shape[0]) if rows is None else rows
    columns = torch.arange(weight.shape[1]) if columns is None else columns
    weight[rows] = 0.0
    weight[rows[:, None], columns] = trained


def _grow_block(block: Block, trained: dict[str, Tensor], name: str, small: ModelConfig, width: Tensor) -> None:
    band = torch.arange(small.full_band)
    _grow_gru(block.token_gru.gru, trained, f"{name}token_gru.gru.", small.channels)
    _grow_gru(block.band_gru.gru, trained, f"{name}band_gru.gru.", small.full_band)
    _place(block.gather.weight, trained[f"{name}gather.weight"], band, width)
    block.gather.bias[band] = trained[f"{name}gather.bias"]
    _place(block.spread.weight, trained[f"{name}spread.weight"], width, band)
    block.spread.bias[width] = trained[f"{name}spread.bias"]


def _grow_gru(gru: torch.nn.GRU, trained: dict[str, Tensor], name: str, small: int) -> None:
    rows, columns = _gate_units(small, gru.hidden_size), torch.arange(small)
    for kind in ("ih", "hh"):
        _place(getattr(gru, f"weight_{kind}_l0"), trained[f"{name}weight_{kind}_l0"], rows, columns)
        getattr(gru, f"bias_{kind}_l0")[rows] = trained[f"{name}bias_{kind}_l0"]


def _silence(block: Block) -> None:
    """Make a new block add nothing: candidates of the token GRU are zero, and nothing is spread."""
    gru = block.token_gru.gru
    for parameter in gru.parameters():
        parameter[2 * gru.hidden_size :] = 0.0
    block.spread.weight.zero_()
    block.spread.bias.zero_()
