"""Encoded audio in memory, for tests."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray


def encoded(samples: NDArray[np.int16], sample_rate_hz: int, container: str = "WAV") -> bytes:
    """Give int16 samples, `[samples]` or `[samples, channels]`, as a file: 16-bit, or compressed with loss for OGG and MP3."""
    target = io.BytesIO()
    subtype = "PCM_16" if container in ("WAV", "FLAC") else None
    soundfile.write(target, samples, sample_rate_hz, format=container, subtype=subtype)
    return target.getvalue()


def decoded(data: bytes) -> tuple[NDArray[np.int16], int]:
    """Give the int16 samples of a file and its rate in Hz."""
    samples, sample_rate_hz = soundfile.read(io.BytesIO(data), dtype="int16")
    return samples, sample_rate_hz
