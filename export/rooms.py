"""Simulated rooms: pairs of impulse responses, the whole one for the input and the early part for the target."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyroomacoustics
from numpy.typing import NDArray
from tqdm import tqdm

from export.checkpoint import write_whole

EARLY_MS = 30
"""Reflections within this time fuse with the direct sound and colour a voice without blurring it."""


@dataclass(frozen=True)
class RoomBank:
    """Impulse responses float32 `[rooms, length]`, direct sound at sample 0 with unit gain; `early` is cut after EARLY_MS."""

    full: NDArray[np.float32]
    early: NDArray[np.float32]


def load_rooms(cache: Path, sample_rate_hz: int, count: int, seed: int) -> RoomBank:
    """Return `count` simulated rooms, computing them into `cache` the first time."""
    stored = cache / f"rooms-{sample_rate_hz}-{count}-{seed}.npy"
    if not stored.exists():
        cache.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        responses = [simulate_room(rng, sample_rate_hz) for _ in tqdm(range(count), desc="simulate rooms", unit="room")]
        buffer = io.BytesIO()
        np.save(buffer, np.stack(responses))
        write_whole(stored, buffer.getvalue())
    full = np.load(stored)
    early = full * fade_after_early(full.shape[1], sample_rate_hz)
    return RoomBank(full, early)


def simulate_room(rng: np.random.Generator, sample_rate_hz: int) -> NDArray[np.float32]:
    """Return one impulse response of half a second, direct sound at sample 0 with unit gain.

    Source: Allen and Berkley 1979, the image method, as in pyroomacoustics.
    """
    size_m = rng.uniform([2.5, 2.5, 2.2], [9.0, 8.0, 3.6])
    absorption, order = pyroomacoustics.inverse_sabine(rng.uniform(0.18, 0.7), size_m)
    room = pyroomacoustics.ShoeBox(
        size_m, fs=sample_rate_hz, materials=pyroomacoustics.Material(absorption), max_order=min(order, 12)
    )
    microphone = rng.uniform(0.5, size_m - 0.5)
    direction = rng.normal(size=3)
    source = microphone + rng.uniform(0.3, 2.0) * direction / np.linalg.norm(direction)
    room.add_source(np.clip(source, 0.2, size_m - 0.2))
    room.add_microphone(microphone)
    room.compute_rir()
    response = np.asarray(room.rir[0][0], dtype=np.float32)
    direct = int(np.argmax(np.abs(response)))
    length = sample_rate_hz // 2
    aligned = np.zeros(length, dtype=np.float32)
    kept = response[direct : direct + length] / response[direct]
    aligned[: len(kept)] = kept
    return aligned


def fade_after_early(length_samples: int, sample_rate_hz: int) -> NDArray[np.float32]:
    """Return a window `[length_samples]`: one for EARLY_MS, then fading to zero over 10 ms."""
    early, fade = EARLY_MS * sample_rate_hz // 1000, sample_rate_hz // 100
    window = np.zeros(length_samples, dtype=np.float32)
    window[:early] = 1.0
    window[early : early + fade] = np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return window
