"""Validation in training: the averaged weights on held-out pairs, one figure to choose checkpoints by."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from export import stft
from export.losses import spectral_loss
from export.metrics import mean_scores, score, si_sdr_db
from export.model import Denoiser
from export.pairs import Pair
from export.recipe import Prices


@dataclass(frozen=True)
class Validation:
    """Loss and SI-SDR over all pairs; PESQ and ESTOI over an even sample of them. `quality` chooses the best checkpoint."""

    valid_loss: float
    si_sdr_db: float
    pesq_wb: float
    estoi: float

    @property
    def quality(self) -> float:
        """PESQ plus ESTOI and SI-SDR, weighted so that a usual step of each counts alike."""
        return self.pesq_wb + 0.05 * self.estoi + 0.05 * self.si_sdr_db

    def to_dict(self) -> dict[str, float]:
        """Return the figures rounded for a table."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


@torch.no_grad()
def denoise(model: Denoiser, noisy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `noisy` float32 `[n]` denoised offline in float, aligned and of the same length."""
    hop = model.spec.hop_samples
    delay = model.spec.window_samples - hop
    padded = np.pad(noisy, (0, delay + (-len(noisy) - delay) % hop))
    spectrum = stft.analyse(torch.from_numpy(padded)[None], model.spec)
    cleaned, _ = model(spectrum, model.initial_states(1))
    samples: NDArray[np.float32] = stft.synthesise(cleaned, model.spec)[0, delay : delay + len(noisy)].numpy()
    return samples


@torch.no_grad()
def validate(model: Denoiser, pairs: list[Pair], scored_clips: int) -> Validation:
    """Return the validation figures of `model`; an even sample of noises and SNRs gets the slow scores."""
    losses, ratios, scores = [], [], []
    every = max(1, len(pairs) // scored_clips)
    # In the order of their names, every n-th pair may be one kind of noise.
    by_noise = sorted(pairs, key=lambda pair: (pair.noise_class or "", pair.snr_db or 0.0, pair.name))
    for index, pair in enumerate(by_noise):
        cleaned = denoise(model, pair.noisy)
        ratios.append(si_sdr_db(cleaned, pair.clean))
        length = len(cleaned) // model.spec.hop_samples * model.spec.hop_samples
        heard, wanted, noisy = (
            stft.analyse(torch.from_numpy(samples[:length])[None], model.spec)
            for samples in (cleaned, pair.clean, pair.noisy)
        )
        losses.append(float(spectral_loss(heard, wanted, noisy, Prices())))
        if index % every == 0:
            scores.append(score(cleaned, pair.clean, pair.sample_rate_hz))
    mean = mean_scores(scores)
    return Validation(float(np.mean(losses)), float(np.mean(ratios)), mean.pesq_wb, mean.estoi)
