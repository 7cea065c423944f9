"""Activations whose channels differ much in size: each is divided by a factor, and the weights that hear it are multiplied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from export.graph.layers import PRODUCT, Layer

UNEVEN_DB = 3.0
"""Channels whose mean square size is this far below the largest share one scale badly."""

SHARE_OF_ACTIVATION = 0.75
"""How much of the unevenness the factors take from the activation; weights get the rest, and round for it."""

SMALLEST_CHANNEL = 0.05
"""Channels count as at least this share of the largest one: on other audio they may be louder."""


def evening_factors(channels: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return float32 factors `[channels]` up to 1, or None where the channels are even enough.

    `channels` are the largest absolute values seen in each, `weights` the largest weights that each meets.
    Source: Xiao et al. 2023, "SmoothQuant" (arXiv:2211.10438), eq. 4.
    """
    largest = float(channels.max())
    if largest <= 0.0 or 10 * np.log10(np.mean(np.square(channels / largest))) > -UNEVEN_DB:
        return None
    heard = np.maximum(channels, SMALLEST_CHANNEL * largest)
    met = np.maximum(weights, 1e-4 * float(weights.max()) + 1e-12)
    factors = heard**SHARE_OF_ACTIVATION / met ** (1 - SHARE_OF_ACTIVATION)
    evened: NDArray[np.float32] = (factors / factors.max()).astype(np.float32)
    return evened


def largest_weights(layers: list[Layer]) -> dict[str, NDArray[np.float32]]:
    """Return, for each activation that only products have to do with, the largest absolute weight that each channel meets."""
    others = {name for layer in layers if layer.kind != PRODUCT for name in (layer.activation, layer.output)}
    found: dict[str, NDArray[np.float32]] = {}
    for name, weight in (pair for layer in layers if layer.kind == PRODUCT for pair in _met(layer)):
        largest = np.abs(weight).max(axis=1)
        found[name] = np.maximum(found[name], largest) if name in found else largest
    return {name: largest for name, largest in found.items() if name not in others}


def _met(layer: Layer) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Give each tensor that a product hears with its rows of the weights."""
    if not layer.parts:
        yield layer.activation, layer.weight
    first = 0
    for part in layer.parts:
        yield part.name, layer.weight[first : first + part.size]
        first += part.size
