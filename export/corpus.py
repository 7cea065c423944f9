"""Speech and noise recordings as segments of one long int16 array, decoded once and memory-mapped afterwards."""

from __future__ import annotations

import csv
import hashlib
import inspect
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.checkpoint import write_whole
from export.errors import AudioError
from export.recording import list_recordings, read_mono

Prepare = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""What is done to each segment of a corpus: samples in, as many samples out."""


@dataclass(frozen=True)
class Segment:
    """One utterance or noise clip. `first` and `end` are samples in the corpus; `group` is a speaker or a noise class."""

    first: int
    end: int
    group: str
    source: str


@dataclass(frozen=True)
class Corpus:
    """Many recordings at one sample rate: `samples` int16 `[n]` and the segments in it; `key` hashes their list."""

    name: str
    key: str
    samples: NDArray[np.int16]
    segments: tuple[Segment, ...]

    def read(self, segment: Segment) -> NDArray[np.float32]:
        """Return one segment as float32 in [-1, 1)."""
        return self.samples[segment.first : segment.end].astype(np.float32) * np.float32(1 / 32768)

    def describe(self, sample_rate_hz: int) -> str:
        """Return a line for people: name, key of the list of segments, hours, groups."""
        hours = sum(segment.end - segment.first for segment in self.segments) / sample_rate_hz / 3600
        groups = len({segment.group for segment in self.segments})
        return f"{self.name} {self.key}: {hours:.2f} h, {len(self.segments)} segments in {groups} groups"


@dataclass(frozen=True)
class _Listing:
    file: Path
    start_s: float
    end_s: float | None
    group: str
    source: str


def load_corpus(folder: Path, cache: Path, sample_rate_hz: int, prepare: Prepare | None = None) -> Corpus:
    """Return the corpus in `folder`, decoding it into `cache` the first time, each segment as `prepare` returns it.

    With a `segments.csv` (columns file, start, end, speaker or noise_class, source) its segments are used; any other folder
    gives one segment per audio file, grouped by the file's parent folder. Raises AudioError if there is no audio to be had.
    """
    if not folder.is_dir():
        raise AudioError(f"There is no folder {folder}.")
    listings = _list_segments(folder)
    key = _key(listings, folder, sample_rate_hz)
    prepared = f"-{prepare.__name__}-{_edition(prepare)}" if prepare else ""
    stored, index = (cache / f"{folder.name}-{key}{prepared}.{kind}" for kind in ("npy", "json"))
    if not index.exists():
        cache.mkdir(parents=True, exist_ok=True)
        samples, segments = _decode(listings, sample_rate_hz, folder.name, prepare)
        np.save(stored, samples)
        # The index comes last and whole: an interrupted decoding leaves none.
        write_whole(index, json.dumps([[s.first, s.end, s.group, s.source] for s in segments]).encode())
    entries = json.loads(index.read_text())
    return Corpus(folder.name, key, np.load(stored, mmap_mode="r"), tuple(Segment(*entry) for entry in entries))


def _edition(prepare: Prepare) -> str:
    """Return a key of the module that `prepare` is in: what it prepared before a change is not taken for the new."""
    return hashlib.sha256(inspect.getsource(sys.modules[prepare.__module__]).encode()).hexdigest()[:8]


def _list_segments(folder: Path) -> list[_Listing]:
    table = folder / "segments.csv"
    if not table.exists():
        return [_Listing(path, 0.0, None, path.parent.name, folder.name) for path in list_recordings(folder)]
    with table.open(newline="") as lines:
        try:
            return [
                _Listing(
                    folder / row["file"],
                    float(row["start"]),
                    float(row["end"]),
                    row.get("speaker") or row.get("noise_class") or row["file"],
                    row.get("source", ""),
                )
                for row in csv.DictReader(lines)
            ]
        except (KeyError, ValueError) as cause:
            raise AudioError(f"{table} needs the columns file, start and end (seconds): {cause}.") from cause


def _key(listings: list[_Listing], folder: Path, sample_rate_hz: int) -> str:
    """Return a hash of what the segments are and of how large their files are, wherever the folder lies."""
    sizes = {item.file: item.file.stat().st_size for item in listings}
    described = [
        [str(item.file.relative_to(folder)), sizes[item.file], item.start_s, item.end_s, item.group, item.source]
        for item in listings
    ]
    return hashlib.sha256(f"{sample_rate_hz}{json.dumps(described)}".encode()).hexdigest()[:16]


def _decode(
    listings: list[_Listing], sample_rate_hz: int, title: str, prepare: Prepare | None
) -> tuple[NDArray[np.int16], list[Segment]]:
    pieces: list[NDArray[np.int16]] = []
    segments: list[Segment] = []
    position = 0
    opened: Path | None = None
    for item in tqdm(listings, desc=f"decode {title}", unit="segment"):
        if item.file != opened:
            whole, opened = read_mono(item.file, sample_rate_hz), item.file
        end = len(whole) if item.end_s is None else round(item.end_s * sample_rate_hz)
        piece = whole[round(item.start_s * sample_rate_hz) : end]
        if len(piece) == 0:
            continue
        pieces.append(_to_pcm(prepare(piece) if prepare else piece))
        segments.append(Segment(position, position + len(piece), item.group, item.source))
        position += len(piece)
    return np.concatenate(pieces), segments


def _to_pcm(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    return pcm
