"""Recordings as the pipeline hears them: one channel, one sample rate, float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from export.errors import AudioError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3")


def read_mono(path: Path, sample_rate_hz: int) -> NDArray[np.float32]:
    """Return a recording as float32 `[n]` at `sample_rate_hz`, its channels averaged. Raises AudioError if it cannot be read."""
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as cause:
        raise AudioError(f"{path} cannot be read as audio: {cause}") from cause
    mono = samples.mean(axis=1, dtype=np.float32)
    resampled: NDArray[np.float32] = mono if rate_hz == sample_rate_hz else soxr.resample(mono, rate_hz, sample_rate_hz)
    return resampled


def list_recordings(folder: Path) -> list[Path]:
    """Return the audio files of a folder and its subfolders, sorted. Raises AudioError if there are none."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise AudioError(f"There are no audio files ({', '.join(AUDIO_SUFFIXES)}) in {folder}.")
    return files
