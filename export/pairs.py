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
    """One noisy recording with its clean original, float32 `[n]`; what no metadata says is None."""

    name: str
    noisy: NDArray[np.float32]
    clean: NDArray[np.float32]
    sample_rate_hz: int
    snr_db: float | None = None
    noise_class: str | None = None
    noise_type: str | None = None


def read_pairs(folder: Path, sample_rate_hz: int = 16000) -> Iterator[Pair]:
    """Yield the pairs in `folder/noisy` and `folder/clean` (same names).

    `folder/metadata.csv`, if there, says of each `file` its `snr_db`, and may say its `noise_class` and `noise_type`.
    Other rates are resampled and channels averaged. Raises AudioError if there is no pair, or one of unequal length.
    """
    if not (folder / "noisy").is_dir() or not (folder / "clean").is_dir():
        raise AudioError(f"There are no pairs: {folder} needs the folders noisy/ and clean/ with equal file names.")
    known = _read_metadata(folder / "metadata.csv")
    for path in list_recordings(folder / "noisy"):
        noisy = read_mono(path, sample_rate_hz)
        clean = read_mono(folder / "clean" / path.name, sample_rate_hz)
        if len(noisy) != len(clean):
            raise AudioError(
                f"{path.name} has {len(noisy)} noisy and {len(clean)} clean samples at {sample_rate_hz} Hz."
            )
        facts = known.get(path.name, {})
        snr_db = float(facts["snr_db"]) if facts.get("snr_db") else None
        yield Pair(path.stem, noisy, clean, sample_rate_hz, snr_db, facts.get("noise_class"), facts.get("noise_type"))


def _read_metadata(table: Path) -> dict[str, dict[str, str]]:
    if not table.exists():
        return {}
    with table.open(newline="") as lines:
        return {row["file"]: row for row in csv.DictReader(lines)}
