"""Folders of noisy/clean pairs, as validation and evaluation read them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pair:
    """One noisy recording with its clean original, float32 `[n]`; `snr_db` is None where no metadata says it."""

    name: str
    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    sample_rate_hz: int
    snr_db: float | None


def read_pairs(folder: Path) -> Iterator[Pair]:
    """Yield the pairs in `folder/noisy` and `folder/clean` (same names), with SNRs from `folder/metadata.csv` if there.

    Raises FileNotFoundError if there is no pair.
    """
    noisy_files = sorted(path for path in (folder / "noisy").glob("*") if (folder / "clean" / path.name).exists())
    if not noisy_files:
        raise FileNotFoundError(f"no pairs: {folder} needs the folders noisy/ and clean/ with equal file names")
    snrs = _snrs_db(folder / "metadata.csv")
    for path in noisy_files:
        noisy, rate_hz = soundfile.read(path, dtype="float32")
        clean, _ = soundfile.read(folder / "clean" / path.name, dtype="float32")
        length = min(len(noisy), len(clean))
        yield Pair(path.stem, noisy[:length], clean[:length], rate_hz, snrs.get(path.name))


def _snrs_db(table: Path) -> dict[str, float]:
    if not table.exists():
        return {}
    with table.open(newline="") as lines:
        return {row["file"]: float(row["snr_db"]) for row in csv.DictReader(lines)}
