"""What the network hears of phases: the turn of a tone, the same however the frames come, and nothing of the level."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from export import stft
from export.errors import ContractError
from export.model import Denoiser
from export.phase import phase_advance
from export.recipe import ModelConfig
from export.spec import AudioSpec

RATE_HZ, HOP, BINS = 16000, 256, 64


def turns_of(samples: np.ndarray) -> torch.Tensor:
    frames = stft.analyse(torch.from_numpy(samples.astype(np.float32))[None], AudioSpec())
    real, imaginary = frames[..., :BINS, :].unbind(-1)
    silence = torch.zeros(1, 2, BINS)
    return phase_advance((real, silence), (imaginary, silence), real * real + imaginary * imaginary)


@pytest.mark.parametrize("frequency_hz", [200.0, 437.5, 1010.0])
@pytest.mark.parametrize("level", [0.5, 0.01])
def test_a_tone_turns_its_bin_by_its_frequency(frequency_hz: float, level: float) -> None:
    time_s = np.arange(RATE_HZ) / RATE_HZ
    heard = turns_of(level * np.cos(2 * np.pi * frequency_hz * time_s))
    nearest = round(frequency_hz / (RATE_HZ / 512))
    cosine, sine = heard[0, 10, nearest], heard[0, 10, BINS + nearest]
    turn = 2 * np.pi * frequency_hz * HOP / RATE_HZ
    assert float(cosine) == pytest.approx(np.cos(turn), abs=0.02)
    assert float(sine) == pytest.approx(np.sin(turn), abs=0.02)


def test_silence_has_no_phase() -> None:
    assert not turns_of(np.zeros(4096)).any()


def test_a_frame_hears_the_same_alone_and_in_a_sequence() -> None:
    torch.manual_seed(0)
    config = ModelConfig(tokens=10, channels=8, full_band=16, blocks=1, gains=257, filter_bins=20)
    model = Denoiser(replace(config, fine_bins=64, phase_bins=16))
    assert model.encode.in_features == 80 + 32 + 32
    spectrum = 0.1 * torch.randn(2, 12, 257, 2)
    with torch.no_grad():
        whole, _ = model(spectrum, model.initial_states(2))
        states, frames = model.initial_states(2), []
        for index in range(12):
            frame, states = model(spectrum[:, index : index + 1], states)
            frames.append(frame)
    torch.testing.assert_close(torch.cat(frames, 1), whole, atol=1e-5, rtol=0)


def test_phases_of_bins_that_are_not_filtered_are_not_there() -> None:
    with pytest.raises(ContractError, match="--filter-bins"):
        ModelConfig(filter_bins=16, phase_bins=17)
