"""What a processor with AVX2 but no VNNI makes of a product: pairs of terms are added in 16 bits, with saturation."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

LARGEST_INT16, SMALLEST_INT16 = 32767, -32768
LARGEST_ACTIVATION = 255


def worst_activations(weight: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return activations `[2 * outputs, inputs]` that force the largest and the smallest sums of pairs for every output."""
    positive = np.where(weight.T > 0, LARGEST_ACTIVATION, 0)
    negative = np.where(weight.T < 0, LARGEST_ACTIVATION, 0)
    return np.concatenate([positive, negative]).astype(np.uint8)


def product_in_16_bits(activation: NDArray[np.uint8], weight: NDArray[np.int8]) -> NDArray[np.int32]:
    """Return `activation @ weight` as the instruction vpmaddubsw adds it: neighbouring terms first, saturating at 16 bits.

    Source: Intel 64 and IA-32 Architectures Software Developer's Manual, VPMADDUBSW.
    """
    padding = len(weight) % 2
    activation = np.pad(activation, ((0, 0), (0, padding)))
    weight = np.pad(weight, ((0, padding), (0, 0)))
    first = activation[:, 0::2, None].astype(np.int32) * weight[None, 0::2].astype(np.int32)
    second = activation[:, 1::2, None].astype(np.int32) * weight[None, 1::2].astype(np.int32)
    summed = np.clip(first + second, SMALLEST_INT16, LARGEST_INT16).sum(axis=1, dtype=np.int32)
    result: NDArray[np.int32] = summed
    return result


def can_saturate(weight: NDArray[np.int8]) -> bool:
    """Return whether any activations make a pair of neighbouring terms of `weight` `[..., inputs, outputs]` leave 16 bits."""
    if weight.ndim > 2:
        return any(can_saturate(group) for group in weight)
    pairs = np.pad(weight.astype(np.int32), ((0, len(weight) % 2), (0, 0))).reshape(-1, 2, weight.shape[1])
    above = np.maximum(pairs, 0).sum(axis=1) * LARGEST_ACTIVATION
    below = np.minimum(pairs, 0).sum(axis=1) * LARGEST_ACTIVATION
    return bool((above > LARGEST_INT16).any() or (below < SMALLEST_INT16).any())


def saturating_layers(model: onnx.ModelProto) -> list[str]:
    """Return the integer layers of `model` whose sums can saturate where pairs are added in 16 bits."""
    constants = {item.name: item for item in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type == "MatMulIntegerToFloat" and can_saturate(numpy_helper.to_array(constants[node.input[1]])):
            found.append(node.name)
        if node.op_type == "QLinearConv":
            # The order of a convolution's terms is the library's own, so any two of them may be neighbours.
            kernel = numpy_helper.to_array(constants[node.input[3]]).astype(np.int32)
            if 2 * np.abs(kernel).max() * LARGEST_ACTIVATION > LARGEST_INT16:
                found.append(node.name)
    return found
