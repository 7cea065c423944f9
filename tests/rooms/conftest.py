"""A box that the tests of this folder share, unless they need another."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_box import Box, running_box


@pytest.fixture(scope="package")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), max_rooms=3, max_room_members=3) as running:
        yield running
