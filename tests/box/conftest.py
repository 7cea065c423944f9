"""A box whose figures come quickly, and its owner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box.owners import owner_token
from tests.namespace_client import NamespaceClient
from tests.running_box import Box, running_box


@pytest.fixture(scope="module")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), stats_interval_s=0.05) as running:
        yield running


@pytest.fixture
def owner(box: Box) -> Iterator[NamespaceClient]:
    with NamespaceClient(box, owner_token(box), "/box") as client:
        yield client
