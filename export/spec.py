"""Frozen facts about a streaming denoiser: what it hears and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from export.errors import ContractError

FRAME_KINDS = ("spectrum", "samples")
WINDOWS = ("sqrt_hann", "rectangular")


@dataclass(frozen=True)
class AudioSpec:
    """The audio a model was made for. Rates in Hz, lengths in samples. Raises ContractError if the facts contradict each other.

    `frames = "spectrum"`: a frame is `[bins, 2]`, the real and imaginary parts of one STFT frame. `frames = "samples"`: a frame
    is `[hop_samples]`, the next samples themselves; the window is the hop, and `model_delay_samples` is by how much the
    model's output is late.
    """

    sample_rate_hz: int = 16000
    window_samples: int = 512
    hop_samples: int = 256
    window: str = "sqrt_hann"
    frames: str = "spectrum"
    model_delay_samples: int = 0

    def __post_init__(self) -> None:
        if self.frames not in FRAME_KINDS or self.window not in WINDOWS:
            raise ContractError(f"AudioSpec knows frames {FRAME_KINDS} and windows {WINDOWS}, not {self}.")
        if min(self.sample_rate_hz, self.window_samples, self.hop_samples) < 1 or self.model_delay_samples < 0:
            raise ContractError(f"AudioSpec needs a rate, window and hop of 1 or more, and no negative delay: {self}.")
        if self.frames == "samples" and self.window_samples != self.hop_samples:
            raise ContractError("A model of samples has window_samples = hop_samples; keep older samples in a state.")
        if self.window_samples % self.hop_samples or (self.frames == "spectrum" and self.window_samples % 2):
            raise ContractError(f"The window must be even and a multiple of the hop: {self}.")
        if self.frames == "spectrum" and self.window == "sqrt_hann" and self.window_samples < 2 * self.hop_samples:
            raise ContractError(f"A sqrt_hann window has to overlap: window_samples >= 2 * hop_samples, not {self}.")

    @property
    def bins(self) -> int:
        """Number of STFT bins from 0 Hz to half the sample rate, both included."""
        return self.window_samples // 2 + 1

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """The shape of one frame of one stream."""
        return (self.bins, 2) if self.frames == "spectrum" else (self.hop_samples,)

    @property
    def delay_samples(self) -> int:
        """By how many samples the output is late: the overlap of the frames and the model's own delay."""
        return self.window_samples - self.hop_samples + self.model_delay_samples

    @property
    def servable(self) -> bool:
        """Whether the box can serve it: spectra of a square-root Hann window of two hops, no further delay."""
        two_hops = self.window_samples == 2 * self.hop_samples
        return self.frames == "spectrum" and self.window == "sqrt_hann" and two_hops and not self.model_delay_samples

    def to_dict(self) -> dict[str, object]:
        """Return the facts as JSON-ready values."""
        return {**asdict(self), "bins": self.bins, "servable": self.servable}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> AudioSpec:
        """Return the spec that a model file states. Raises ContractError."""
        kept = {key: facts[key] for key in cls.__dataclass_fields__ if key in facts}
        return cls(**kept)


@dataclass(frozen=True)
class StateSpec:
    """One recurrent tensor of a model, without its batch axis. A new stream starts with zeros.

    `bound` is the largest magnitude that the state can reach by construction (1 for the hidden values of a GRU or LSTM), if
    there is one: its integer range is then known and not guessed from audio.
    """

    name: str
    shape: tuple[int, ...]
    bound: float | None = None
