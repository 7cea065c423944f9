"""Quality on a folder of noisy/clean pairs: models as the server runs them, beside public systems, in one run."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from export.errors import PackageError
from export.forms import through_engine
from export.metrics import SCORE_NAMES, Scores, mean_scores, score
from export.pairs import Pair

Samples = NDArray[np.float32]
System = Callable[[Samples, int], Samples]

RNNOISE_RATE_HZ = 48000
RNNOISE_DELAY_SAMPLES = 960
"""Measured by cross-correlation: two frames of 10 ms."""


def unprocessed(noisy: Samples, sample_rate_hz: int) -> Samples:
    """Return the input."""
    return noisy


def hushbox(int8: Path) -> System:
    """Return a system that runs an ONNX model with its manifest through the server's engine."""
    return lambda noisy, sample_rate_hz: through_engine(int8, [noisy], sample_rate_hz)


def make_rnnoise() -> System:
    """Return RNNoise (PyPI package pyrnnoise), aligned; it works at 48 kHz. Raises PackageError if it is not installed."""
    try:
        from pyrnnoise import RNNoise
    except ImportError as cause:
        raise PackageError("The package pyrnnoise is not installed; install it or say --no-rnnoise.") from cause

    def rnnoise(noisy: Samples, sample_rate_hz: int) -> Samples:
        upsampled = soxr.resample(noisy, sample_rate_hz, RNNOISE_RATE_HZ)
        padded = np.pad(upsampled, (0, RNNOISE_DELAY_SAMPLES + -len(upsampled) % 480))
        pcm = np.clip(np.rint(padded * 32768), -32768, 32767).astype(np.int16)
        frames = [frame for _, frame in RNNoise(RNNOISE_RATE_HZ).denoise_chunk(pcm[None])]
        cleaned = np.concatenate(frames, axis=1)[0].astype(np.float32) / 32768
        aligned = cleaned[RNNOISE_DELAY_SAMPLES : RNNOISE_DELAY_SAMPLES + len(upsampled)]
        resampled: Samples = soxr.resample(aligned, RNNOISE_RATE_HZ, sample_rate_hz)
        return fit(resampled, len(noisy))

    return rnnoise


def fit(samples: Samples, length: int) -> Samples:
    """Return `samples` cut or filled with zeros to `length`."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def evaluate(systems: dict[str, System], pairs: list[Pair]) -> dict[str, list[Scores]]:
    """Return the scores of every system on every pair."""
    results: dict[str, list[Scores]] = {}
    for name, system in systems.items():
        results[name] = [
            score(system(pair.noisy, pair.sample_rate_hz), pair.clean, pair.sample_rate_hz)
            for pair in tqdm(pairs, desc=name, unit="clip")
        ]
    return results


def summarise(results: dict[str, list[Scores]], pairs: list[Pair]) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean scores by system and by group: `all`, and one for every SNR that the metadata names."""
    snrs = sorted({pair.snr_db for pair in pairs if pair.snr_db is not None})
    groups: dict[str, list[int]] = {"all": list(range(len(pairs)))}
    groups |= {f"{snr:g} dB": [i for i, pair in enumerate(pairs) if pair.snr_db == snr] for snr in snrs}
    return {
        name: {group: mean_scores([scores[i] for i in members]).to_dict() for group, members in groups.items()}
        for name, scores in results.items()
    }


def table(summary: dict[str, dict[str, dict[str, float]]]) -> str:
    """Return the means over all pairs as a Markdown table."""
    lines = ["| system | PESQ-WB | STOI % | ESTOI % | SI-SDR dB |", "|---|---|---|---|---|"]
    for name, groups in summary.items():
        mean = groups["all"]
        lines.append(
            f"| {name} | {mean['pesq_wb']:.3f} | {mean['stoi']:.2f} | {mean['estoi']:.2f} | {mean['si_sdr_db']:.2f} |"
        )
    return "\n".join(lines)


def write_results(
    folder: Path, results: dict[str, list[Scores]], summary: dict[str, dict[str, dict[str, float]]], pairs: list[Pair]
) -> None:
    """Write `clips.csv` (every clip and system) and `summary.json` to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    with (folder / "clips.csv").open("w", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["system", "clip", "snr_db", *SCORE_NAMES])
        for name, scores in results.items():
            for pair, scored in zip(pairs, scores, strict=True):
                values = [f"{value:.4f}" for value in scored.to_dict().values()]
                writer.writerow([name, pair.name, pair.snr_db, *values])
