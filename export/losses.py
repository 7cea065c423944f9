"""What training minimises: errors of compressed spectra, with an extra price for removed speech."""

from __future__ import annotations

import torch
from torch import Tensor

from export.recipe import Prices
from export.spec import AudioSpec

COMPRESSION = 0.3
"""Exponent on magnitudes: close to how loudness grows, so that quiet consonants count."""

SEGMENT_S = 0.384
"""Length of the envelopes that are compared, about a syllable."""


PAUSE = 1e-4
"""Frames of the clean voice this far below its mean energy (40 dB) are pauses."""


def spectral_loss(estimate: Tensor, target: Tensor, noisy: Tensor, prices: Prices) -> Tensor:
    """Return the mean loss of `estimate`, made of `noisy`, against `target`, all `[batch, time, bins, 2]`.

    0.7 magnitude + 0.3 complex squared error of compressed spectra, `removal` times the squared error where speech was
    removed (Source: Braun and Tashev 2021, arXiv:2011.01130, eq. 3; the asymmetric term: Wang et al. 2020, eq. 5),
    `residue` times the squared magnitude error in the pauses of the target, and `distortion` times the negative
    signal-to-distortion ratio in dB, or of noise alone the negative attenuation, up to 40 dB. Each example is first
    scaled to unit target level, so that quiet ones count.
    """
    energy = target.square().sum((1, 2, 3), keepdim=True)
    cells = target.shape[1] * target.shape[2]
    silent = energy < 1e-6 * cells
    scale = torch.where(silent, torch.ones_like(energy), (energy / cells + 1e-9).rsqrt())
    estimate, target = estimate * scale, target * scale
    magnitude, wanted = _magnitude(estimate), _magnitude(target)
    compressed, compressed_wanted = magnitude**COMPRESSION, wanted**COMPRESSION
    magnitude_error = (compressed - compressed_wanted).square()
    removed = torch.relu(compressed_wanted - compressed).square()
    unit_estimate = estimate * (compressed / magnitude).unsqueeze(-1)
    unit_target = target * (compressed_wanted / wanted).unsqueeze(-1)
    complex_error = (unit_estimate - unit_target).square().sum(-1)
    spectral = 0.7 * magnitude_error + prices.removal * removed + 0.3 * complex_error
    pauses = wanted.square().mean(2, keepdim=True) < PAUSE
    priced: Tensor = (spectral + prices.residue * pauses * magnitude_error).mean()
    ratio_db = torch.where(silent.flatten(), _attenuation_db(estimate, noisy), _sdr_db(estimate, target))
    return priced - prices.distortion * ratio_db.mean()


def _magnitude(spectrum: Tensor) -> Tensor:
    return (spectrum.square().sum(-1) + 1e-8).sqrt()


def _sdr_db(estimate: Tensor, target: Tensor) -> Tensor:
    signal = target.square().sum((1, 2, 3))
    error = (estimate - target).square().sum((1, 2, 3))
    return 10 * torch.log10((signal + 1e-6) / (error + 1e-6 * signal + 1e-6))


def _attenuation_db(estimate: Tensor, noisy: Tensor) -> Tensor:
    """Source: Wisdom et al. 2020 (arXiv:2006.12701), eq. 2: a threshold, beyond which nothing is gained."""
    before, after = (spectrum.square().sum((1, 2, 3)) for spectrum in (noisy, estimate))
    return 10 * torch.log10((before + 1e-9) / (after + 1e-4 * before + 1e-9))


class IntelligibilityLoss(torch.nn.Module):
    """One minus the correlation of short-time third-octave envelopes, in [0, 2]: what ESTOI measures, as a loss.

    Source: Jensen and Taal 2016, "An Algorithm for Predicting the Intelligibility of Speech Masked by Modulated Noise
    Maskers", eqs. 1 to 6, on the frames of our own STFT.
    """

    bands: Tensor

    def __init__(self, spec: AudioSpec) -> None:
        super().__init__()
        self.register_buffer("bands", third_octaves(spec), persistent=False)
        self.frames = round(SEGMENT_S * spec.sample_rate_hz / spec.hop_samples)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the mean over the segments in which `target` speaks; both are `[batch, time, bins, 2]`."""
        heard, wanted = (self._segments(spectrum) for spectrum in (estimate, target))
        energy = wanted.square().sum((2, 3))
        speaks = (energy > 1e-3 * energy.amax(1, keepdim=True)) & (energy > 1e-3)
        correlation = (_normalised(heard) * _normalised(wanted)).sum((2, 3)) / self.frames
        return ((1 - correlation) * speaks).sum() / speaks.sum().clamp(min=1)

    def _segments(self, spectrum: Tensor) -> Tensor:
        """Return envelopes `[batch, segments, bands, frames]`, a segment starting at every fourth frame."""
        envelope = (spectrum.square().sum(-1) @ self.bands + 1e-8).sqrt()
        return envelope.unfold(1, self.frames, 4)


def third_octaves(spec: AudioSpec) -> Tensor:
    """Return the bins of 15 third-octave bands from 150 Hz on as float32 `[bins, 15]` of zeros and ones."""
    frequencies = torch.linspace(0, spec.sample_rate_hz / 2, spec.bins)
    centres = 150.0 * 2 ** (torch.arange(15) / 3)
    inside = (frequencies[:, None] >= centres * 2 ** (-1 / 6)) & (frequencies[:, None] < centres * 2 ** (1 / 6))
    return inside.float()


def _normalised(segments: Tensor) -> Tensor:
    """Return segments with mean zero and norm one over time in each band, then over bands in each frame."""
    for axis in (3, 2):
        segments = segments - segments.mean(axis, keepdim=True)
        segments = segments / (segments.square().sum(axis, keepdim=True) + 1e-8).sqrt()
    return segments
