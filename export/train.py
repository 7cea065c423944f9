"""The training loop: mix, step, average, validate, save; interrupted runs go on where they stopped."""

from __future__ import annotations

import csv
import json
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader
from tqdm import tqdm

from export import stft
from export.checkpoint import read_checkpoint, save_checkpoint
from export.corpus import load_corpus
from export.errors import CheckpointError
from export.grow import grow
from export.losses import IntelligibilityLoss, spectral_loss
from export.mixing import Mixer, MixStream
from export.model import Denoiser
from export.muon import make_optimisers
from export.noise_floor import lower_floor
from export.pairs import Pair, read_pairs
from export.perceptual_loss import PerceptualLoss
from export.recipe import FIXED_IN_A_RUN, Prices, TrainConfig
from export.rooms import load_rooms
from export.validate import Validation, validate


class Trainer:
    """One training run in a folder: `last.pt`, `best.pt`, `curve.csv`, `run.json`."""

    def __init__(self, config: TrainConfig) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.threads)
        config.out.mkdir(parents=True, exist_ok=True)
        self.config = config
        self.model = Denoiser(config.model)
        self.averaged = Denoiser(config.model)
        self.intelligibility = IntelligibilityLoss(self.model.spec)
        self.perceptual = PerceptualLoss(self.model.spec)
        self.prices = Prices(config.removal, config.distortion, config.residue)
        self.optimisers = make_optimisers(self.model, config.lr)
        self.step, self.elapsed_s, self.best = 0, 0.0, float("-inf")
        self.skipped = 0
        self.data = ""

    def run(self) -> Path:
        """Train to the configured number of steps, resuming from `last.pt` if it is there; return the best checkpoint."""
        pairs = list(read_pairs(self.config.valid))
        mixer = self._mixer()
        if (self.config.out / "last.pt").exists():
            self._resume()
        else:
            self._begin(mixer)
            if self.config.start_from:
                # What a run starts from is the first that it has to be better than.
                self._checkpoint(validate(self.averaged, pairs, self.config.scored_clips), math.nan)
        stream = MixStream(mixer, self.config.seed, self.step * self.config.batch)
        loader = DataLoader(stream, self.config.batch, num_workers=1, prefetch_factor=4)
        (self.config.out / "run.json").write_text(json.dumps(self.config.to_dict(), indent=2))
        with tqdm(total=self.config.steps, initial=self.step, unit="step", mininterval=10) as progress:
            self._loop(iter(loader), pairs, progress)
        return self.config.out / "best.pt"

    def _loop(self, batches: Any, pairs: list[Pair], progress: Any) -> None:
        began, before = time.monotonic(), self.elapsed_s
        running: float | None = None
        while self.step < self.config.steps:
            loss = self._train_step(*next(batches))
            running = loss if running is None else 0.98 * running + 0.02 * loss
            self.elapsed_s = before + time.monotonic() - began
            progress.update()
            heard = f"{self.hours_heard():.1f}"
            progress.set_postfix(loss=f"{running:.4f}", hours=heard, skipped=self.skipped, refresh=False)
            if self.step % self.config.validate_every == 0 or self.step == self.config.steps:
                self._checkpoint(validate(self.averaged, pairs, self.config.scored_clips), running)

    def _train_step(self, noisy: Tensor, clean: Tensor) -> float:
        self._set_learning_rate()
        noisy_spectrum = stft.analyse(noisy, self.model.spec)
        clean_spectrum = stft.analyse(clean, self.model.spec)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.bfloat16):
            estimate, _ = self.model(noisy_spectrum, self.model.initial_states(len(noisy)))
        heard = stft.analyse(stft.synthesise(estimate.float(), self.model.spec), self.model.spec)
        loss = self._loss(heard[:, 1:], clean_spectrum[:, :-1], noisy_spectrum[:, :-1])
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if torch.isfinite(norm):
            for optimiser in self.optimisers:
                optimiser.step()
        else:
            self.skipped += 1
        self.step += 1
        self._average()
        return float(loss.detach())

    def _loss(self, estimate: Tensor, target: Tensor, noisy: Tensor) -> Tensor:
        spectral = spectral_loss(estimate, target, noisy, self.prices)
        intelligible = self.config.intelligibility * self.intelligibility(estimate, target)
        loss: Tensor = spectral + intelligible + self.config.perceptual * self.perceptual(estimate, target)
        return loss

    def _set_learning_rate(self) -> None:
        """Warm up, hold, then fall linearly to zero over the last `decay_fraction` of the steps."""
        rise = (self.step + 1) / self.config.warmup_steps
        fall = (self.config.steps - self.step) / (self.config.decay_fraction * self.config.steps)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.config.lr * min(1.0, rise, fall)

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.average_decay, self.step / (self.step + 10))
        for mean, parameter in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(parameter, 1 - decay)

    def _mixer(self) -> Mixer:
        rate_hz = self.model.spec.sample_rate_hz
        speech = load_corpus(self.config.speech, self.config.cache, rate_hz, lower_floor)
        noise = load_corpus(self.config.noise, self.config.cache, rate_hz)
        rooms = load_rooms(self.config.cache, rate_hz, self.config.rooms, self.config.seed)
        self.data = f"{speech.describe(rate_hz)}; {noise.describe(rate_hz)}; {self.config.rooms} simulated rooms"
        print(self.data)
        return Mixer(speech, noise, rooms, self.config.mix)

    def _begin(self, mixer: Mixer) -> None:
        self._fit_features(mixer)
        if self.config.start_from is None:
            return
        trained = read_checkpoint(self.config.start_from)
        for model in (self.model, self.averaged):
            grow(trained["averaged"], model)

    @torch.no_grad()
    def _fit_features(self, mixer: Mixer) -> None:
        """Set mean and scale of the features from 64 examples that training will not see."""
        examples = [mixer.example(self.config.seed + 1_000_000, index)[0] for index in range(64)]
        spectrum = stft.analyse(torch.stack([torch.from_numpy(noisy) for noisy in examples]), self.model.spec)
        real, imaginary = spectrum.unbind(-1)
        features, _ = self.model.features(real, imaginary, self.model.initial_states(len(examples)))
        flat = features.flatten(0, 1)
        for model in (self.model, self.averaged):
            model.feature_mean.copy_(flat.mean(0))
            model.feature_scale.copy_(1 / (flat.std(0) + 1e-3))

    def hours_heard(self) -> float:
        """Return the hours of audio that training has heard so far."""
        return self.step * self.config.batch * self.config.mix.length_samples / self.config.mix.sample_rate_hz / 3600

    def _checkpoint(self, result: Validation, running: float) -> None:
        content = {
            "config": self.config.model.to_dict(),
            "averaged": self.averaged.state_dict(),
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "progress": {"step": self.step, "elapsed_s": self.elapsed_s, "best": max(self.best, result.quality)},
            "training": {
                **self.config.to_dict(),
                "training_data": self.data,
                "hours_heard": round(self.hours_heard(), 1),
            },
        }
        if result.quality > self.best or not (self.config.out / "best.pt").exists():
            self.best = result.quality
            slim = {key: content[key] for key in ("config", "averaged", "progress", "training")}
            save_checkpoint(self.config.out / "best.pt", slim)
        save_checkpoint(self.config.out / "last.pt", content)
        row = {"step": self.step, "hours_heard": round(self.hours_heard(), 2), "minutes": round(self.elapsed_s / 60, 1)}
        self._log({**row, "train_loss": round(running, 5), **result.to_dict()})

    def _log(self, row: dict[str, float]) -> None:
        curve = self.config.out / "curve.csv"
        is_new = not curve.exists()
        with curve.open("a", newline="") as lines:
            writer = csv.DictWriter(lines, list(row))
            if is_new:
                writer.writeheader()
            writer.writerow(row)
        tqdm.write(" ".join(f"{key}={value}" for key, value in row.items()))

    def _resume(self) -> None:
        path = self.config.out / "last.pt"
        content = read_checkpoint(path)
        wanted = self.config.to_dict()
        # A checkpoint from before a setting existed was trained with what is its default.
        changed = [
            key
            for key in FIXED_IN_A_RUN
            if content["training"].get(key, getattr(TrainConfig, key, None)) != wanted[key]
        ]
        if changed:
            raise CheckpointError(f"{path} was trained with another {', '.join(changed)}; give --out another folder.")
        self.model.load_state_dict(content["model"])
        self.averaged.load_state_dict(content["averaged"])
        for optimiser, state in zip(self.optimisers, content["optimisers"], strict=True):
            optimiser.load_state_dict(state)
        progress = content["progress"]
        self.step, self.elapsed_s, self.best = progress["step"], progress["elapsed_s"], progress["best"]
        print(f"resume at step {self.step}")
