"""A loss that hears: the disturbance of loudness that ITU-T P.862 counts, differentiable, on the frames of our own STFT."""

from __future__ import annotations

import torch
from torch import Tensor

from export.spec import AudioSpec

BANDS = 49
LISTENING_LEVEL_DB = 79.0
"""Sound pressure level of active speech in the listening model."""

LOUDNESS_EXPONENT = 0.23
LOUDNESS_SCALE = 0.1866
"""Zwicker's exponent, and the factor that makes a 1 kHz tone of 40 dB one sone (P.862)."""

AUDIBLE = 1e-4
"""Frames this far below the loudest one (40 dB) say nothing about the colour of a voice."""

SEGMENT_FRAMES = 20
"""Split-second intervals of 320 ms, overlapping by half: what is worst within one counts most."""


class PerceptualLoss(torch.nn.Module):
    """What P.862 would take off a score of 4.5 for the difference between two spectra, in [0, about 8].

    Source: ITU-T P.862 (2001), section 10, without time alignment; bands of equal width on the Bark scale of Zwicker and
    Terhardt 1980, eq. 6, and the threshold in quiet of Terhardt 1979, eq. 1, in place of its tables.
    """

    bands: Tensor
    emphasis: Tensor
    level_bins: Tensor
    threshold: Tensor
    exponent: Tensor

    def __init__(self, spec: AudioSpec) -> None:
        super().__init__()
        frequencies = torch.linspace(0, spec.sample_rate_hz / 2, spec.bins)
        bands, centres_hz, width = bark_bands(frequencies)
        centres_khz = centres_hz.clamp(min=20.0) / 1000
        quiet_db = 3.64 * centres_khz**-0.8 - 6.5 * torch.exp(-0.6 * (centres_khz - 3.3) ** 2) + 1e-3 * centres_khz**4
        steepness = (6 / (bark(centres_hz) + 2)).clamp(1.0, 2.0) ** 0.15
        self.width = width
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("emphasis", _input_filter(frequencies, spec.sample_rate_hz), persistent=False)
        self.register_buffer("level_bins", ((frequencies > 325) & (frequencies < 3250)).float(), persistent=False)
        self.register_buffer("threshold", 10 ** (quiet_db / 10), persistent=False)
        self.register_buffer("exponent", LOUDNESS_EXPONENT * steepness, persistent=False)

    def forward(self, estimate: Tensor, target: Tensor) -> Tensor:
        """Return the mean over the examples that speak; both are float32 `[batch, time, bins, 2]`."""
        power, wanted = (spectrum.square().sum(-1) for spectrum in (estimate, target))
        speaks = wanted.mean((1, 2)) > 1e-6
        if not speaks.any():
            return torch.zeros((), device=power.device)
        return self.disturbance(power[speaks], wanted[speaks]).mean()

    def disturbance(self, power: Tensor, wanted: Tensor) -> Tensor:
        """Return what each example loses of its score, `[batch]`; both are power spectra `[batch, time, bins]`."""
        degraded, reference = self._heard(power), self._heard(wanted)
        loudness = reference.sum(-1, keepdim=True)
        audible = loudness > AUDIBLE * loudness.amax(1, keepdim=True)
        colour = (_mean(degraded, audible) + 1e3) / (_mean(reference, audible) + 1e3)
        reference = reference * colour.clamp(1e-2, 1e2)
        gain = (reference.sum(-1, keepdim=True) + 5e3) / (degraded.sum(-1, keepdim=True) + 5e3)
        gain = torch.cat([gain[:, :1], 0.8 * gain[:, 1:] + 0.2 * gain[:, :-1]], 1)
        degraded = degraded * gain.clamp(3e-4, 5.0)
        return self._compare(degraded, reference)

    def _compare(self, degraded: Tensor, reference: Tensor) -> Tensor:
        heard, wanted = self._loudness(degraded), self._loudness(reference)
        difference = heard - wanted
        masked = torch.relu(difference.abs() - 0.25 * torch.minimum(heard, wanted))
        added = ((degraded + 50.0) / (reference + 50.0)) ** 1.2
        added = torch.where(added < 3.0, torch.zeros_like(added), added.clamp(max=12.0))
        total = self.width * BANDS
        symmetric = ((masked * self.width).square().sum(-1) / total + 1e-8).sqrt() * total
        asymmetric = (masked * added * self.width).sum(-1)
        weight = ((reference.sum(-1) + 1e5) / 1e7) ** 0.04
        d_symmetric, d_asymmetric = (_over_time((part / weight).clamp(max=45.0)) for part in (symmetric, asymmetric))
        return 0.1 * d_symmetric + 0.0309 * d_asymmetric

    def _heard(self, power: Tensor) -> Tensor:
        level = (power * self.level_bins).sum(-1).mean(1) + 1e-9
        scaled = power * (10 ** (LISTENING_LEVEL_DB / 10) / level)[:, None, None]
        return (scaled * self.emphasis) @ self.bands

    def _loudness(self, power: Tensor) -> Tensor:
        """Return sone per Bark. Source: Zwicker and Fastl, "Psychoacoustics", eq. 8.7, as P.862 uses it."""
        grown = (0.5 + 0.5 * power / self.threshold) ** self.exponent - 1
        return LOUDNESS_SCALE * (2 * self.threshold) ** self.exponent * torch.relu(grown)


def bark(frequencies_hz: Tensor) -> Tensor:
    """Return critical-band rates. Source: Zwicker and Terhardt 1980, eq. 6."""
    return 13 * torch.atan(7.6e-4 * frequencies_hz) + 3.5 * torch.atan((frequencies_hz / 7500) ** 2)


def bark_bands(frequencies_hz: Tensor) -> tuple[Tensor, Tensor, float]:
    """Return each bin's shares in the bands `[bins, 49]`, the bands' centres in Hz, and their width in Bark.

    Bands overlap as triangles, because the lowest ones are hardly wider than a bin.
    """
    rates = bark(frequencies_hz)
    width = float(rates[-1]) / BANDS
    centres = (torch.arange(BANDS) + 0.5) * width
    overlap = (1 - (rates[:, None] - centres[None, :]).abs() / width).clamp(min=0)
    overlap = overlap / overlap.sum(1, keepdim=True).clamp(min=1e-9)
    overlap[0] = 0
    fine_hz = torch.linspace(0, float(frequencies_hz[-1]), 16000)
    centres_hz = fine_hz[torch.searchsorted(bark(fine_hz), centres).clamp(max=len(fine_hz) - 1)]
    return overlap, centres_hz, width


def _input_filter(frequencies_hz: Tensor, sample_rate_hz: int) -> Tensor:
    """Return the power response of the high-pass of P.862.2, a biquad at 100 Hz."""
    step = torch.exp(-2j * torch.pi * frequencies_hz / sample_rate_hz)
    above = 2.740826 * (1 - step) ** 2
    below = 1 - 1.9444777 * step + 0.94597794 * step**2
    response: Tensor = (above / below).abs().square().float()
    return response


def _mean(power: Tensor, frames: Tensor) -> Tensor:
    return (power * frames).mean(1, keepdim=True)


def _over_time(disturbance: Tensor) -> Tensor:
    """Return the sixth-power mean within intervals, then the root mean square over them, for `[batch, time]`."""
    intervals = disturbance.unfold(1, SEGMENT_FRAMES, SEGMENT_FRAMES // 2)
    worst = ((intervals**6).mean(-1) + 1e-12) ** (1 / 6)
    return (worst.square().mean(1) + 1e-8).sqrt()
