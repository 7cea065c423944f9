"""The denoiser: magnitudes in, gains out; recurrent layers shared across bands, tied together by full-band ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.bands import BAND_COUNT, WHOLE_BINS, band_power, interpolation
from export.deep_filter import DeepFilter
from export.layers import RunningLevel, StreamingGru
from export.phase import phase_advance
from export.recipe import ModelConfig
from export.spec import AudioSpec, StateSpec

POWER_FLOOR = 1e-9
"""Added to the power of a band: 13 dB under the quantization noise of 16-bit PCM in a bin, it keeps silence finite."""

LEVEL_DECAY = 0.99
"""Averaging of the input level, 1.6 s at 16 ms hops: slower than a sentence's melody, faster than a change of seat."""


class Block(nn.Module):
    """One step over time in every token with shared weights, then one over the whole band; both add to their input."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        width = config.tokens * config.channels
        self.token_gru = StreamingGru(config.channels, config.channels)
        self.gather = nn.Linear(width, config.full_band)
        self.band_gru = StreamingGru(config.full_band, config.full_band)
        self.spread = nn.Linear(config.full_band, width)

    def forward(self, tokens: Tensor, token_state: Tensor, band_state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens `[batch, time, width]`, or `[batch, width]` of one frame, and the two next states."""
        run = self._step if tokens.dim() == 2 else self._run_over_time
        return run(tokens, token_state, band_state)

    def _run_over_time(self, tokens: Tensor, token_state: Tensor, band_state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        _, frames, width = tokens.shape
        count, channels = self.config.tokens, self.config.channels
        rows = tokens.reshape(-1, frames, count, channels).transpose(1, 2).reshape(-1, frames, channels)
        stepped, token_state = self.token_gru(rows, token_state.reshape(-1, channels))
        tokens = tokens + stepped.reshape(-1, count, frames, channels).transpose(1, 2).reshape(-1, frames, width)
        whole, band_state = self.band_gru(torch.relu(self.gather(tokens)), band_state)
        return tokens + self.spread(whole), token_state.reshape(-1, count, channels), band_state

    def _step(self, tokens: Tensor, token_state: Tensor, band_state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Nothing is transposed, and no state is copied."""
        count, channels = self.config.tokens, self.config.channels
        token_state = self.token_gru.step(tokens.reshape(-1, count, channels), token_state)
        tokens = tokens + token_state.reshape(-1, count * channels)
        band_state = self.band_gru.step(torch.relu(self.gather(tokens)), band_state)
        return tokens + self.spread(band_state), token_state, band_state


class Denoiser(nn.Module):
    """A causal denoiser of STFT frames. One `forward` serves training (many frames) and streaming (one frame)."""

    feature_mean: Tensor
    feature_scale: Tensor
    lower_band: Tensor
    upper_band: Tensor
    upper_weight: Tensor

    def __init__(self, config: ModelConfig, spec: AudioSpec | None = None) -> None:
        super().__init__()
        self.config = config
        self.spec = spec or AudioSpec()
        width = config.tokens * config.channels
        self.level = RunningLevel(LEVEL_DECAY)
        self.fine = slice(WHOLE_BINS, max(WHOLE_BINS, config.fine_bins))
        features = BAND_COUNT + self.fine.stop - self.fine.start + 2 * config.phase_bins
        self.register_buffer("feature_mean", torch.zeros(features))
        self.register_buffer("feature_scale", torch.ones(features))
        lower, upper, weight = interpolation(self.spec.bins)
        self.register_buffer("lower_band", lower, persistent=False)
        self.register_buffer("upper_band", upper, persistent=False)
        self.register_buffer("upper_weight", weight, persistent=False)
        self.encode = nn.Linear(features, width)
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.blocks)])
        self.decode = nn.Linear(width, config.gains)
        self.deep_filter = DeepFilter(width, config.filter_bins, config.filter_taps) if config.filter_bins else None

    def state_specs(self) -> list[StateSpec]:
        """Return name and shape of every state, in the order `forward` takes them."""
        specs = [StateSpec("level", (2,))]
        for index in range(self.config.blocks):
            specs.append(StateSpec(f"token_gru{index}", (self.config.tokens, self.config.channels), bound=1.0))
            specs.append(StateSpec(f"band_gru{index}", (self.config.full_band,), bound=1.0))
        if self.deep_filter:
            for part in ("real", "imaginary"):
                specs.append(StateSpec(f"past_{part}", (self.config.filter_taps - 1, self.config.filter_bins)))
        return specs

    def initial_states(self, batch: int) -> list[Tensor]:
        """Return zero states for `batch` new streams."""
        device = self.feature_mean.device
        return [torch.zeros(batch, *spec.shape, device=device) for spec in self.state_specs()]

    def features(self, real: Tensor, imaginary: Tensor, states: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return what the network hears `[batch, time, features]` and the next level state.

        First compressed, level-free magnitudes of bands and then of single bins: the eighth root of power (magnitude to the
        0.25) is three square roots, which every processor rounds alike. Then how the phases of low bins went on.
        """
        power = real * real + imaginary * imaginary
        bands = band_power(power) + POWER_FLOOR
        level, level_state = self.level(bands.mean(dim=-1, keepdim=True), states[0])
        if self.config.fine_bins:
            bands = torch.cat([bands, power[..., self.fine] + POWER_FLOOR], dim=-1)
        magnitudes = torch.sqrt(torch.sqrt(torch.sqrt(bands / level)))
        low = self.config.phase_bins
        if not low:
            return magnitudes, level_state
        past_real, past_imaginary = (state[..., :low] for state in states[-2:])
        turned = phase_advance((real[..., :low], past_real), (imaginary[..., :low], past_imaginary), power[..., :low])
        return torch.cat([magnitudes, turned], dim=-1), level_state

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Return the denoised spectrum and the next states; `spectrum` is float32 `[batch, time, bins, 2]`.

        Inside, real and imaginary parts go apart: a product with pairs costs the server many times one with planes.
        """
        real, imaginary = spectrum.unbind(-1)
        features, level_state = self.features(real, imaginary, states)
        tokens = torch.relu(self.encode((features - self.feature_mean) * self.feature_scale))
        tokens, block_states = self._run_blocks(tokens, states[1 : 1 + 2 * len(self.blocks)])
        next_states = [level_state, *block_states]
        gains = torch.sigmoid(self.decode(tokens)).to(spectrum.dtype)
        mask = gains if self.config.gains == self.spec.bins else self._spread(gains)
        cleaned = [real * mask, imaginary * mask]
        if self.deep_filter:
            added, past = self.deep_filter(real, imaginary, tokens, states[-2:])
            low = self.config.filter_bins
            both = zip(cleaned, added, strict=True)
            cleaned = [torch.cat([part[..., :low] + more, part[..., low:]], -1) for part, more in both]
            next_states += past
        return torch.stack(cleaned, dim=2).transpose(2, 3), next_states

    def _run_blocks(self, tokens: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        one_frame = tokens.shape[1] == 1
        if one_frame:
            tokens = tokens.squeeze(1)
        next_states = []
        for block, token_state, band_state in zip(self.blocks, states[::2], states[1::2], strict=True):
            tokens, token_state, band_state = block(tokens, token_state, band_state)
            next_states += [token_state, band_state]
        return tokens.unsqueeze(1) if one_frame else tokens, next_states

    def _spread(self, gains: Tensor) -> Tensor:
        """Return the gains of bands as gains of bins."""
        below, above = gains.index_select(-1, self.lower_band), gains.index_select(-1, self.upper_band)
        return below + self.upper_weight * (above - below)
