"""A box with small limits, shared by the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_box import Box, running_box


@pytest.fixture(scope="package")
def small_box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box that takes files up to 64 kB."""
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), max_clip_bytes=64_000) as running:
        yield running
