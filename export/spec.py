"""Frozen facts about a streaming denoiser: what it hears and what it remembers."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class AudioSpec:
    """The audio a model was made for. Rates in Hz, lengths in samples."""

    sample_rate_hz: int = 16000
    window_samples: int = 512
    hop_samples: int = 256
    window: str = "sqrt_hann"

    @property
    def bins(self) -> int:
        """Number of STFT bins from 0 Hz to half the sample rate, both included."""
        return self.window_samples // 2 + 1

    def to_dict(self) -> dict[str, object]:
        """Return the facts as JSON-ready values."""
        return {**asdict(self), "bins": self.bins}


@dataclass(frozen=True)
class StateSpec:
    """One recurrent tensor of a model, without its batch axis. A new stream starts with zeros."""

    name: str
    shape: tuple[int, ...]
