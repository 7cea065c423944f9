"""Encoded audio in memory, for tests."""

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_server.audio.files import FileLimits, blocks, open_audio
from edge_server.audio.pcm import to_s16


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


def encoded_floats(samples: NDArray[np.float32], sample_rate_hz: int, container: str = "WAV") -> bytes:
    """Give float32 samples in [-1, 1] as a 16-bit file."""
    return encoded(to_s16(samples), sample_rate_hz, container.upper())


def read_whole(source: bytes | Path, limits: FileLimits) -> tuple[NDArray[np.float32], int]:
    """Give all blocks of a file as one array, as the service reads them, and its rate in Hz."""
    with open_audio(source, limits) as sound:
        return np.concatenate([np.empty(0, np.float32), *blocks(sound, limits)]), sound.samplerate
