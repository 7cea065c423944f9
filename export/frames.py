"""Samples to the frames that a model takes, and back, for every frame format."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from export.spec import AudioSpec

Float32 = NDArray[np.float32]


def to_frames(samples: Float32, spec: AudioSpec) -> Float32:
    """Return frames `[streams, time, *spec.frame_shape]` of `samples` `[streams, n]`, n a multiple of the hop.

    Frame k of a spectrum covers the window that ends with hop k; before the first sample there are zeros.
    """
    hops = samples.reshape(len(samples), -1, spec.hop_samples)
    if spec.frames == "samples":
        return np.ascontiguousarray(hops, dtype=np.float32)
    padded = np.pad(samples, ((0, 0), (spec.window_samples - spec.hop_samples, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, spec.window_samples, axis=1)
    # float32 throughout, as the server does it: another rounding flips integer activations.
    spectrum = scipy.fft.rfft(view[:, :: spec.hop_samples].astype(np.float32) * window(spec), workers=1)
    return np.stack([spectrum.real, spectrum.imag], axis=-1)


def to_samples(frames: Float32, spec: AudioSpec) -> Float32:
    """Return samples `[streams, time * hop]`, late by the overlap of the windows (and by the model's own delay)."""
    streams, count = frames.shape[:2]
    if spec.frames == "samples":
        return np.ascontiguousarray(frames).reshape(streams, count * spec.hop_samples)
    complete = np.ascontiguousarray(frames, dtype=np.float32).view(np.complex64)[..., 0]
    pieces = scipy.fft.irfft(complete, n=spec.window_samples, workers=1) * window(spec)
    overlap = spec.window_samples // spec.hop_samples
    parts = pieces.reshape(streams, count, overlap, spec.hop_samples)
    summed = np.zeros((streams, count + overlap - 1, spec.hop_samples), dtype=np.float32)
    for part in range(overlap):
        summed[:, part : part + count] += parts[:, :, part]
    gain = float(np.square(window(spec)).reshape(overlap, -1).sum(axis=0).mean())
    return (summed[:, :count].reshape(streams, -1) / gain).astype(np.float32)


def window(spec: AudioSpec) -> Float32:
    """Return the analysis and synthesis window, `[window_samples]`."""
    if spec.window == "rectangular":
        return np.ones(spec.window_samples, dtype=np.float32)
    shape: Float32 = np.sin(np.arange(spec.window_samples) * (np.pi / spec.window_samples)).astype(np.float32)
    return shape
