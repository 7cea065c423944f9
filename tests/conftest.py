"""Fixtures that several packages' tests share."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_server.engine.model_file import ModelFile, load_model
from tests.tiny_model import build_tiny_model

# Its assertions say what they saw, as those of tests do.
pytest.register_assert_rewrite("tests.integration.departures")

Voice = Callable[[int, float, int], NDArray[np.float32]]


@pytest.fixture(scope="session")
def tiny_model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the path of a tiny model with its manifest, alone in a folder."""
    return build_tiny_model(tmp_path_factory.mktemp("tiny_model"))


@pytest.fixture(scope="session")
def tiny_model(tiny_model_path: Path) -> ModelFile:
    """Give the tiny model, opened."""
    return load_model(tiny_model_path)


@pytest.fixture(scope="session")
def noisy_voice() -> Voice:
    """Give a maker of speech-like noisy samples that are exact s16 values: (rate in Hz, seconds, seed)."""

    def make(sample_rate_hz: int, duration_s: float, seed: int = 0) -> NDArray[np.float32]:
        random = np.random.default_rng(seed)
        time_s = np.arange(round(sample_rate_hz * duration_s)) / sample_rate_hz
        pitch_hz = random.uniform(100, 250)
        harmonics = sum(np.sin(2 * np.pi * pitch_hz * k * time_s) / k for k in range(1, 8))
        syllables = np.maximum(0.0, np.sin(2 * np.pi * random.uniform(2, 5) * time_s))
        samples = 0.2 * harmonics * syllables + 0.05 * random.standard_normal(len(time_s))
        return (np.rint(np.clip(samples, -0.99, 0.99) * 32768) / 32768).astype(np.float32)

    return make
