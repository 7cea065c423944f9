"""A box with short patience, and someone who speaks on it meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from tests.conftest import Voice
from tests.running_box import Box, running_box

RATE_HZ = 16000


class Bystander:
    """Streams the same voice over and over until it may go, and then compares all that it heard."""

    def __init__(self, box: Box, samples: NDArray[np.int16], expected: NDArray[np.int16]) -> None:
        self._box = box
        self._samples = samples
        self._expected = expected
        self._enough = threading.Event()
        self._heard: list[NDArray[np.int16]] = []
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def assert_undisturbed(self) -> None:
        """Let it finish, and compare."""
        self._enough.set()
        self._thread.join()
        assert self._heard
        for heard in self._heard:
            assert np.array_equal(heard, self._expected)

    def _talk(self) -> None:
        with self._box.client() as client:
            while not self._heard or not self._enough.is_set():
                self._heard.append(client.stream(self._samples, RATE_HZ, realtime=False).samples)


@pytest.fixture(scope="package")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(
        tiny_model_path,
        tmp_path_factory.mktemp("box"),
        https=True,
        handshake_timeout_s=0.5,
        http_timeout_s=0.5,
        ping_interval_s=1,
        ping_timeout_s=1,
        max_outbound_packets=64,
    ) as running:
        yield running


@pytest.fixture
def bystander(box: Box, noisy_voice: Voice, tiny_model: ModelFile) -> Iterator[Bystander]:
    samples = to_s16(noisy_voice(RATE_HZ, 0.5, 41))
    expected = to_s16(denoise_samples(tiny_model, samples.astype(np.float32) / 32768, RATE_HZ))
    someone = Bystander(box, samples, expected)
    yield someone
    someone.assert_undisturbed()
