"""The recordings in the repository as a folder of pairs, with what their names say."""

import csv
import shutil
from pathlib import Path

import pytest

from export.pairs import Pair, read_pairs

CLIPS = Path(__file__).parent / "data"
NOISES = {"hum_5db": ("hum", 5), "sensor_10db": ("sensor", 10), "electronics_0db": ("electronics", 0)}


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with noisy/, clean/ and metadata.csv."""
    folder = tmp_path_factory.mktemp("pairs")
    with (folder / "metadata.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["file", "noise_class", "noise_type", "snr_db"])
        for name, (noise, snr_db) in NOISES.items():
            writer.writerow([f"{name}.flac", noise, f"generated/{noise}", snr_db])
            for kind in ("noisy", "clean"):
                (folder / kind).mkdir(exist_ok=True)
                shutil.copy(CLIPS / f"{name}.{kind}.flac", folder / kind / f"{name}.flac")
    return folder


@pytest.fixture(scope="session")
def pairs(pairs_folder: Path) -> list[Pair]:
    """The pairs of `pairs_folder`."""
    return list(read_pairs(pairs_folder))
