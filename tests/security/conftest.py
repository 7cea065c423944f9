"""Boxes with short patience, and someone who speaks on them meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from tests.conftest import Voice
from tests.running_box import Box, running_box
from tests.security.bystander import PING_TIMEOUT_S, RATE_HZ, Bystander, Words

DEADLINE_MS = 2000
"""No frame waits for so long on the busiest machine, unless somebody takes the box for himself."""

WatchedBox = Callable[..., AbstractContextManager[Box]]


@contextmanager
def watched(box: Box, words: Words) -> Iterator[Bystander]:
    """Let someone speak on a box meanwhile, who is undisturbed at the end."""
    someone = Bystander(box, words)
    try:
        yield someone
    finally:
        someone.leave()
    someone.assert_undisturbed()


@pytest.fixture(scope="package")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(
        tiny_model_path,
        tmp_path_factory.mktemp("box"),
        https=True,
        deadline_ms=DEADLINE_MS,
        handshake_timeout_s=2.0,
        http_timeout_s=0.5,
        ping_interval_s=1,
        ping_timeout_s=PING_TIMEOUT_S,
        max_outbound_packets=64,
    ) as running:
        yield running


@pytest.fixture(scope="session")
def words(noisy_voice: Voice, tiny_model: ModelFile) -> Words:
    """Give half a second of speech."""
    said = to_s16(noisy_voice(RATE_HZ, 0.5, 41))
    return Words(said, to_s16(denoise_samples(tiny_model, said.astype(np.float32) / 32768, RATE_HZ)))


@pytest.fixture
def bystander(box: Box, words: Words) -> Iterator[Bystander]:
    """Give someone who speaks on the box that all tests share."""
    with watched(box, words) as someone:
        yield someone


@pytest.fixture
def watched_box(tiny_model_path: Path, tmp_path: Path, words: Words) -> WatchedBox:
    """Give boxes with settings of their own, on which someone speaks."""

    @contextmanager
    def run(**settings: Any) -> Iterator[Box]:
        chosen = {"deadline_ms": DEADLINE_MS} | settings
        with running_box(tiny_model_path, tmp_path, **chosen) as own, watched(own, words):
            yield own

    return run
