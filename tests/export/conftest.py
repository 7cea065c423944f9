"""A corpus of seconds and a network of a few thousand weights: everything `export` does, small enough for a test."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from export.model import Denoiser
from export.recipe import ModelConfig

# Networks this small only lose time to a second thread, and all of it on a busy machine.
torch.set_num_threads(1)

RATE_HZ = 16000
SMALL = ModelConfig(tokens=10, channels=8, full_band=16, blocks=2)


def voice(seed: int, seconds: float) -> np.ndarray:
    """A pitch with harmonics, switched on and off like syllables."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    pitch_hz = rng.uniform(90, 250)
    tone = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 20))
    syllables = np.repeat(rng.random(int(seconds * 5) + 1) > 0.4, RATE_HZ // 5)[: len(time_s)]
    return (0.1 * tone * syllables).astype(np.float32)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with speech/, noise/ and valid/ as training reads them."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name in ("speech/anna", "speech/ben", "noise/fan", "noise/rain", "valid/noisy", "valid/clean"):
        (folder / name).mkdir(parents=True)
    for index in range(3):
        soundfile.write(folder / f"speech/anna/{index}.wav", voice(index, 3), RATE_HZ)
        soundfile.write(folder / f"speech/ben/{index}.wav", voice(10 + index, 3), RATE_HZ)
        soundfile.write(folder / f"noise/fan/{index}.wav", 0.1 * rng.standard_normal(2 * RATE_HZ), RATE_HZ)
        soundfile.write(folder / f"noise/rain/{index}.wav", 0.1 * rng.standard_normal(RATE_HZ), RATE_HZ)
        clean = voice(20 + index, 6)
        soundfile.write(folder / f"valid/clean/{index}.wav", clean, RATE_HZ)
        soundfile.write(folder / f"valid/noisy/{index}.wav", clean + 0.03 * rng.standard_normal(len(clean)), RATE_HZ)
    return folder


def small_network() -> Denoiser:
    """Give a small network with seeded random weights."""
    torch.manual_seed(3)
    return Denoiser(SMALL).eval()


def write_checkpoint(network: Denoiser, folder: Path) -> Path:
    """Write a network as a checkpoint file."""
    path = folder / "small.pt"
    torch.save({"config": SMALL.to_dict(), "averaged": network.state_dict(), "training": {"seed": 3}}, path)
    return path


@pytest.fixture
def network() -> Denoiser:
    """The small network."""
    return small_network()


@pytest.fixture
def checkpoint(network: Denoiser, tmp_path: Path) -> Path:
    """The small network as a checkpoint file."""
    return write_checkpoint(network, tmp_path)
