"""s16le bytes to float samples and back."""

import math

import numpy as np
from numpy.typing import NDArray

from edge_server.errors import PacketWrongSizeError

FULL_SCALE = 32768.0
BYTES_PER_SAMPLE = 2

_PCM = np.dtype("<i2")


def from_s16le(data: bytes | bytearray | memoryview) -> NDArray[np.float32]:
    """Give the samples of little-endian 16-bit PCM as float32 in [-1, 1).

    Raises PacketWrongSizeError when the bytes are not a whole number of samples.
    """
    if len(data) % BYTES_PER_SAMPLE:
        raise PacketWrongSizeError(f"{len(data)} bytes are not a whole number of 16-bit samples.")
    samples = np.empty(len(data) // BYTES_PER_SAMPLE, np.float32)
    fill_from_s16le(samples, data)
    return samples


def fill_from_s16le(samples: NDArray[np.float32], data: bytes | bytearray | memoryview) -> None:
    """Put the samples of little-endian 16-bit PCM into an array of any shape that has as many.

    Mutates: `samples`.
    """
    samples[:] = np.frombuffer(data, dtype=_PCM).reshape(samples.shape)
    samples *= np.float32(1.0 / FULL_SCALE)


def to_s16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    """Give float samples as int16: times 32768, rounded half to even, clipped; a NaN becomes 0.

    The inverse of `from_s16le` for every int16 value.
    """
    scaled = np.multiply(samples, np.float32(FULL_SCALE), dtype=np.float32)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -FULL_SCALE, FULL_SCALE - 1.0, out=scaled)
    # After clipping only a NaN makes the sum one; looking for it in every number would cost more than all the rest.
    if not math.isfinite(np.add.reduce(scaled, axis=None)):
        np.nan_to_num(scaled, copy=False, nan=0.0)
    return scaled.astype(_PCM)


def to_s16le(samples: NDArray[np.float32]) -> bytes:
    """Give float samples as little-endian 16-bit PCM bytes (see `to_s16`)."""
    return to_s16(samples).tobytes()


def sanitise(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give a new float32 array: NaN and infinities replaced by 0, the rest clipped to [-1, 1]."""
    clean = np.nan_to_num(samples.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(clean, -1.0, 1.0, out=clean)
