"""What a training run is made of: sizes, mixtures, prices and steps. Their defaults stand here alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from export.errors import ContractError

FIXED_IN_A_RUN = (
    "model",
    "batch",
    "lr",
    "warmup_steps",
    "average_decay",
    "intelligibility",
    "perceptual",
    "distortion",
    "removal",
    "residue",
    "mix",
    "rooms",
    "seed",
)
"""Settings that a run cannot change when it goes on: with them, going on equals never having stopped."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of a denoiser. `tokens` groups of bands with `channels` values each; `blocks` layers of each kind.

    There is a gain for each of the 80 bands, spread over their bins, or one for each bin, as `gains` says.
    The lowest `filter_bins` bins are also filtered over `filter_taps` frames; with no such bins there are gains only.
    Beside the bands, the network hears the bins below `fine_bins` that share a band with others one by one, and how the
    phases of the lowest `phase_bins` went on, of those that are filtered. Raises ContractError for more of them.
    """

    tokens: int = 20
    channels: int = 48
    full_band: int = 192
    blocks: int = 2
    gains: int = 80
    filter_bins: int = 0
    filter_taps: int = 3
    fine_bins: int = 0
    phase_bins: int = 0

    def __post_init__(self) -> None:
        if self.phase_bins > self.filter_bins:
            raise ContractError(
                "The phases of filtered bins can be heard, no others; give --filter-bins as many or more."
            )

    def to_dict(self) -> dict[str, int]:
        """Return the sizes as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True)
class MixConfig:
    """How examples are made. Levels in dB, probabilities in [0, 1].

    What is quieter than the voice by `kept_snr_db[0]` is kept in part, by `kept_snr_db[1]` as it is: to take the hiss of a
    good recording away does it more harm than good.
    """

    sample_rate_hz: int = 16000
    length_samples: int = 64000
    snr_db: tuple[float, float] = (-8.0, 24.0)
    level_db: tuple[float, float] = (-42.0, -16.0)
    room_probability: float = 0.3
    speed_probability: float = 0.85
    voice_speed: tuple[float, float] = (0.8, 1.25)
    noise_speed: tuple[float, float] = (0.6, 1.6)
    band_limit_probability: float = 0.08
    clip_probability: float = 0.04
    noise_only_probability: float = 0.2
    clean_probability: float = 0.12
    kept_snr_db: tuple[float, float] = (22.0, 30.0)
    tones_probability: float = 0.1
    babble_probability: float = 0.2


@dataclass(frozen=True)
class Prices:
    """What an error costs beside its square: `removal` of speech, `distortion` a decibel, `residue` in pauses."""

    removal: float = 0.3
    distortion: float = 0.006
    residue: float = 0.0


@dataclass(frozen=True)
class TrainConfig:
    """What a training run is made of; everything that is needed to repeat it."""

    speech: Path
    noise: Path
    valid: Path
    out: Path
    cache: Path
    model: ModelConfig = field(default_factory=ModelConfig)
    mix: MixConfig = field(default_factory=MixConfig)
    start_from: Path | None = None
    steps: int = 10000
    batch: int = 16
    lr: float = 3e-3
    warmup_steps: int = 300
    decay_fraction: float = 0.7
    average_decay: float = 0.999
    intelligibility: float = 0.1
    perceptual: float = 0.02
    distortion: float = Prices.distortion
    removal: float = Prices.removal
    residue: float = Prices.residue
    validate_every: int = 1000
    scored_clips: int = 26
    rooms: int = 400
    threads: int = 1
    seed: int = 1
    bfloat16: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as JSON-ready values, folders by name only."""
        values = asdict(self)
        return {key: value.name if isinstance(value, Path) else value for key, value in values.items()}
