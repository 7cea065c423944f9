"""Weights and activations as integers, with scales that make every processor round alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.integers.rounding import round_for_output, round_to_nearest
from export.integers.target import LARGEST_INT8, SATURATION_FREE_PAIR, Target

SMALLEST_SCALE = 1e-8
JOINED_ZERO = np.uint8(128)
"""Zero point of an activation that several were joined to."""

BLOCK = 32
"""Inputs that share a scale in weight-only forms."""


@dataclass(frozen=True)
class Range:
    """Smallest and largest value of an activation."""

    low: float
    high: float


def activation_scale(seen: Range) -> tuple[np.float32, np.uint8]:
    """Return scale and zero point of a uint8 activation over a range that holds zero, zero itself being exact.

    The scale is widened by at most a few units in the last place, until its reciprocal is exact (see `product_scale`).
    """
    low, high = min(seen.low, 0.0), max(seen.high, 0.0)
    scale = np.float32(max((high - low) / 255, SMALLEST_SCALE))
    while np.float32(scale * np.float32(np.float32(1) / scale)) != np.float32(1):
        scale = np.nextafter(scale, np.float32(np.inf))
    return scale, np.uint8(np.clip(round(-low / float(scale)), 0, 255))


def quantize_product(
    weight: NDArray[np.float32],
    scale_of_activation: np.float32,
    target: Target,
    moments: NDArray[np.float64] | None = None,
    factors: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 `[inputs, outputs]` and float32 scales `[outputs]`, symmetric, free of saturation on `target`.

    `factors` `[inputs]` are what the activation was divided by. With its second `moments`, the integers are those that
    change the outputs least.

    The scale of an output times that of the activation is a power of two, so scaling a sum is exact, and a processor that
    adds the bias in the same instruction gets the same bits as one that adds it afterwards.
    """
    if factors is not None:
        weight = weight * factors[:, None]
        moments = None if moments is None else moments / np.outer(factors, factors)
    wanted = np.maximum(np.abs(weight).max(axis=0) / LARGEST_INT8, SMALLEST_SCALE)
    if target.adds_in_16_bits:
        wanted = np.maximum(wanted, largest_pairs(weight) / SATURATION_FREE_PAIR)
    scale = product_scale(wanted, scale_of_activation)
    if moments is None:
        return round_to_nearest(weight, scale), scale
    return round_for_output(weight, scale, moments, target), scale


def quantize_groups(
    weight: NDArray[np.float32], scale_of_activation: np.float32, target: Target
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return int8 `[groups, inputs, outputs]` and float32 scales `[groups, 1, outputs]`: a product for each group."""
    integers, scales = zip(*(quantize_product(group, scale_of_activation, target) for group in weight), strict=True)
    return np.stack(integers), np.stack(scales)[:, None]


def quantize_joined(
    weight: NDArray[np.float32],
    scales: NDArray[np.float32],
    zeros: NDArray[np.uint8],
    target: Target,
    moments: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.int8], NDArray[np.float32], NDArray[np.float32]]:
    """Return int8 `[inputs, outputs]`, scales and offsets `[outputs]` where each input has a scale and a zero of its own.

    `scales` and `zeros` are `[inputs]`. The scales of the inputs go into the weights, so that the product itself runs
    with scale 1 and zero `JOINED_ZERO`; what that zero makes wrong is a constant, which belongs to the bias.
    """
    integers, scale = quantize_product(weight, np.float32(1), target, moments, scales)
    shift = int(JOINED_ZERO) - zeros.astype(np.int64)
    return integers, scale, ((shift @ integers.astype(np.int64)) * scale).astype(np.float32)


def product_scale(wanted: NDArray[np.floating], scale_of_activation: np.float32) -> NDArray[np.float32]:
    """Return scales of at least `wanted` that give a power of two with the activation's scale, in float32."""
    exponent = np.ceil(np.log2(wanted.astype(np.float64) * float(scale_of_activation)))
    return (np.exp2(exponent) * np.float64(np.float32(1) / scale_of_activation)).astype(np.float32)


def largest_pairs(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest sum, for each output, of two neighbouring weights of one sign."""
    pairs = np.pad(weight, ((0, len(weight) % 2), (0, 0))).reshape(-1, 2, weight.shape[1])
    above, below = np.maximum(pairs, 0).sum(axis=1), -np.minimum(pairs, 0).sum(axis=1)
    largest: NDArray[np.float32] = np.maximum(above, below).max(axis=0)
    return largest


def quantize_kernel(
    weight: NDArray[np.float32], target: Target, least_scale: NDArray[np.float32] | float = SMALLEST_SCALE
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a convolution's kernel as int8 and its float32 scales `[outputs]`, which are `least_scale` or more.

    Any two terms of a sum may be neighbours.
    """
    largest = SATURATION_FREE_PAIR // 2 if target.adds_in_16_bits else LARGEST_INT8
    axes = tuple(range(1, weight.ndim))
    scale = np.maximum(np.abs(weight).max(axis=axes) / largest, least_scale).astype(np.float32)
    shaped = scale.reshape(-1, *(1 for _ in axes))
    return np.clip(np.rint(weight / shaped), -largest, largest).astype(np.int8), scale


def quantize_blocks(weight: NDArray[np.float32], bits: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return weights `[inputs, outputs]` packed for MatMulNBits: uint8 `[outputs, blocks, bytes]`, scales `[outputs, blocks]`.

    Source: onnxruntime, com.microsoft.MatMulNBits; unsigned with the zero point in the middle, low half of a byte first.
    """
    inputs, outputs = weight.shape
    blocks = np.pad(weight.T, ((0, 0), (0, -inputs % BLOCK))).reshape(outputs, -1, BLOCK)
    middle = 2 ** (bits - 1)
    scale = np.maximum(np.abs(blocks).max(axis=2) / (middle - 1), SMALLEST_SCALE).astype(np.float32)
    levels = np.clip(np.rint(blocks / scale[..., None]) + middle, 0, 2 * middle - 1).astype(np.uint8)
    packed = levels if bits == 8 else levels[..., 0::2] | levels[..., 1::2] << 4
    return np.ascontiguousarray(packed), scale
