"""Encoded audio files to mono samples and back, within limits."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_server.audio.pcm import sanitise
from edge_server.errors import FileEmptyError, FileTooLargeError, FileTooLongError, FileUnreadableError

Float32 = NDArray[np.float32]
FileFormat = Literal["wav", "flac"]

BLOCK_FRAMES = 1 << 14
RATES_HZ = range(4000, 384001)
MAX_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What a file may be at most: encoded bytes, seconds of audio, samples of a channel; None is no limit."""

    max_bytes: int | None = None
    max_duration_s: float | None = None
    max_samples: int | None = None


@contextmanager
def open_audio(source: bytes | Path, limits: FileLimits) -> Iterator[soundfile.SoundFile]:
    """Open an encoded file, to be read by `blocks`.

    Raises FileEmptyError, FileUnreadableError, FileTooLargeError or FileTooLongError.
    """
    with _open_bytes(source, limits) as stream:
        try:
            sound = soundfile.SoundFile(stream)
        except (soundfile.SoundFileError, TypeError, ValueError) as error:
            raise FileUnreadableError("The file is not audio that can be decoded (WAV, FLAC, Ogg or MP3).") from error
        with sound:
            if sound.samplerate not in RATES_HZ or not 1 <= sound.channels <= MAX_CHANNELS:
                raise FileUnreadableError(
                    f"Audio of {sound.samplerate} Hz and {sound.channels} channels cannot be handled."
                )
            yield sound


def blocks(sound: soundfile.SoundFile, limits: FileLimits) -> Iterator[Float32]:
    """Give the rest of an open file, mixed to one channel, in float32 blocks of up to 16384 samples.

    NaN and infinities become 0, the rest is clipped to [-1, 1]. Raises FileTooLongError or FileUnreadableError.
    """
    # Counted while decoding, since a header may promise any length.
    longest = None if limits.max_duration_s is None else int(limits.max_duration_s * sound.samplerate)
    samples = 0
    while True:
        try:
            block = sound.read(BLOCK_FRAMES, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise FileUnreadableError("The file is damaged: its audio stops making sense on the way.") from error
        if not len(block):
            return
        samples += len(block)
        if longest is not None and samples > longest:
            raise FileTooLongError(f"The file plays longer than {limits.max_duration_s:g} s.")
        if limits.max_samples is not None and samples > limits.max_samples:
            raise FileTooLongError(f"The file has more than {limits.max_samples} samples; use a lower sample rate.")
        yield sanitise(block[:, 0] if block.shape[1] == 1 else sanitise(block).mean(axis=1))


@contextmanager
def _open_bytes(source: bytes | Path, limits: FileLimits) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        _check_size(len(source), limits)
        yield io.BytesIO(source)
        return
    try:
        stream = source.open("rb")
    except OSError as error:
        raise FileUnreadableError(f"{source} cannot be opened: {error.strerror}.") from error
    with stream:
        _check_size(source.stat().st_size, limits)
        yield stream


def _check_size(size_bytes: int, limits: FileLimits) -> None:
    if not size_bytes:
        raise FileEmptyError("The file has no bytes.")
    if limits.max_bytes is not None and size_bytes > limits.max_bytes:
        raise FileTooLargeError(f"The file has {size_bytes} bytes; {limits.max_bytes} are allowed.")
