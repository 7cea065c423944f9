"""The STFT that training, verification and evaluation share; the same convention as the server's."""

from __future__ import annotations

import torch
from torch import Tensor

from export.spec import AudioSpec


def window(spec: AudioSpec, device: torch.device | None = None) -> Tensor:
    """Return the periodic square-root Hann window, float32 `[window_samples]`."""
    return torch.hann_window(spec.window_samples, periodic=True, device=device).sqrt()


def analyse(samples: Tensor, spec: AudioSpec) -> Tensor:
    """Return the spectrum `[batch, frames, bins, 2]` of `samples` `[batch, n]`, n a multiple of the hop.

    Frame k covers the window that ends with hop k; before the first sample there are zeros.
    """
    padded = torch.nn.functional.pad(samples, (spec.window_samples - spec.hop_samples, 0))
    frames = padded.unfold(-1, spec.window_samples, spec.hop_samples) * window(spec, samples.device)
    return torch.view_as_real(torch.fft.rfft(frames))


def synthesise(spectrum: Tensor, spec: AudioSpec) -> Tensor:
    """Return samples `[batch, frames * hop]`, late by `window - hop` samples against the input of `analyse`."""
    frames = torch.fft.irfft(torch.view_as_complex(spectrum.contiguous())) * window(spec, spectrum.device)
    batch, count, _ = frames.shape
    length = (count - 1) * spec.hop_samples + spec.window_samples
    summed = torch.nn.functional.fold(
        frames.transpose(1, 2), (1, length), (1, spec.window_samples), stride=(1, spec.hop_samples)
    )
    return summed.reshape(batch, length)[:, : count * spec.hop_samples]
