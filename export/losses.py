"""What training minimises: errors of compressed spectra, with an extra price for removed speech."""

from __future__ import annotations

import torch
from torch import Tensor

COMPRESSION = 0.3
"""Exponent on magnitudes: close to how loudness grows, so that quiet consonants count."""


def spectral_loss(estimate: Tensor, target: Tensor) -> Tensor:
    """Return the mean loss of `estimate` against `target`, both `[batch, time, bins, 2]`.

    0.7 magnitude + 0.3 complex squared error of compressed spectra, 0.7 of the squared error where speech was removed
    (Source: Braun and Tashev 2021, arXiv:2011.01130, eq. 3; the asymmetric term: Wang et al. 2020, eq. 5), and 0.003 of
    the negative signal-to-distortion ratio in dB. Each example is first scaled to unit target level, so that quiet ones count.
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
    spectral = (0.7 * magnitude_error + 0.7 * removed + 0.3 * complex_error).mean()
    return spectral - 0.003 * _sdr_db(estimate, target, silent.flatten())


def _magnitude(spectrum: Tensor) -> Tensor:
    return (spectrum.square().sum(-1) + 1e-8).sqrt()


def _sdr_db(estimate: Tensor, target: Tensor, silent: Tensor) -> Tensor:
    signal = target.square().sum((1, 2, 3))
    error = (estimate - target).square().sum((1, 2, 3))
    ratio_db = 10 * torch.log10((signal + 1e-6) / (error + 1e-6 * signal + 1e-6))
    return torch.where(silent, torch.zeros_like(ratio_db), ratio_db).mean()
