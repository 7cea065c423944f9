"""Folders of noisy/clean pairs, as validation and evaluation read them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.errors import AudioError
from export.recording import list_recordings, read_mono


@dataclass(frozen=True)
class Pair:
    """One noisy recording with its clean original, float32 `[n]`; `snr_db` is None where no metadata says it."""

    name: str
    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    sample_rate_hz: int
    snr_db: float | None


def read_pairs(folder: Path, sample_rate_hz: int = 16000) -> Iterator[Pair]:
    """Yield the pairs in `folder/noisy` and `folder/clean` (same names), with SNRs from `folder/metadata.csv` if there.

    Other rates are resampled and channels averaged. Raises AudioError if there is no pair, or one of unequal length.
    """
    if not (folder / "noisy").is_dir() or not (folder / "clean").is_dir():
        raise AudioError(f"There are no pairs: {folder} needs the folders noisy/ and clean/ with equal file names.")
    snrs = _snrs_db(folder / "metadata.csv")
    for path in list_recordings(folder / "noisy"):
        noisy = read_mono(path, sample_rate_hz)
        clean = read_mono(folder / "clean" / path.name, sample_rate_hz)
        if len(noisy) != len(clean):
            raise AudioError(
                f"{path.name} has {len(noisy)} noisy and {len(clean)} clean samples at {sample_rate_hz} Hz."
            )
        yield Pair(path.stem, noisy, clean, sample_rate_hz, snrs.get(path.name))


def _snrs_db(table: Path) -> dict[str, float]:
    if not table.exists():
        return {}
    with table.open(newline="") as lines:
        return {row["file"]: float(row["snr_db"]) for row in csv.DictReader(lines)}
