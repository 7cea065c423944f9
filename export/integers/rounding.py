"""Weights to integers: each to the nearest, or all of an output's together, so that what it gives for audio changes least."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from export.integers.target import LARGEST_INT8, SATURATION_FREE_PAIR, Target

DAMPING = 0.1
"""Share of the mean energy that every input is given on top. Ten times theirs: on audio that was not heard, a tenth did best."""

BLOCK = 128
"""Inputs whose errors are passed on to those behind them in one product."""


def round_to_nearest(weight: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return int8 of the same shape."""
    rounded: NDArray[np.int8] = np.clip(np.rint(weight / scale), -LARGEST_INT8, LARGEST_INT8).astype(np.int8)
    return rounded


def round_for_output(
    weight: NDArray[np.float32], scale: NDArray[np.float32], moments: NDArray[np.float64], target: Target
) -> NDArray[np.int8]:
    """Return int8 `[inputs, outputs]`, free of saturation on `target`: what one input's rounding adds, later ones take off.

    `moments` `[inputs, inputs]` is the mean of the activation's rows times themselves. Source: Frantar et al. 2023, "GPTQ"
    (arXiv:2210.17323), eq. 2 and algorithm 1.
    """
    energy = float(np.diag(moments).mean())
    if energy <= 0.0:
        return round_to_nearest(weight, scale)
    inverse = np.linalg.inv(moments + DAMPING * energy * np.eye(len(moments)))
    following = np.linalg.cholesky(inverse).T
    left = weight.astype(np.float64)
    rounded = np.zeros_like(left)
    for first in range(0, len(left), BLOCK):
        end = min(first + BLOCK, len(left))
        errors = np.zeros((end - first, left.shape[1]))
        for index in range(first, end):
            low, high = _room(rounded, index, target)
            rounded[index] = np.clip(np.rint(left[index] / scale), low, high)
            errors[index - first] = (left[index] - rounded[index] * scale) / following[index, index]
            left[index + 1 : end] -= np.outer(following[index, index + 1 : end], errors[index - first])
        left[end:] -= following[first:end, end:].T @ errors
    return rounded.astype(np.int8)


def _room(rounded: NDArray[np.float64], index: int, target: Target) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the most that the weights of an input may be beside those of its neighbour."""
    most = np.full(rounded.shape[1], float(LARGEST_INT8))
    if not target.adds_in_16_bits or index % 2 == 0:
        return -most, most
    neighbour = rounded[index - 1]
    return (
        -np.minimum(most, SATURATION_FREE_PAIR + np.minimum(neighbour, 0.0)),
        np.minimum(most, SATURATION_FREE_PAIR - np.maximum(neighbour, 0.0)),
    )
