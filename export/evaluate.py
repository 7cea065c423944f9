"""Quality on a folder of noisy/clean pairs: models as the server runs them, beside public systems, in one run."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from export.forms import through_engine
from export.metrics import SCORE_NAMES, Scores, mean_scores, score
from export.pairs import Pair
from export.peers import System

Samples = NDArray[np.float32]
Rater = Callable[[Samples], tuple[float, float, float]]

COLUMNS = {
    "pesq_wb": ("PESQ-WB", ".3f"),
    "stoi": ("STOI %", ".2f"),
    "estoi": ("ESTOI %", ".2f"),
    "si_sdr_db": ("SI-SDR dB", ".2f"),
    "sig": ("SIG", ".3f"),
    "bak": ("BAK", ".3f"),
    "ovrl": ("OVRL", ".3f"),
}


def unprocessed(noisy: Samples, sample_rate_hz: int) -> Samples:
    """Return the input."""
    return noisy


def hushbox(int8: Path) -> System:
    """Return a system that runs an ONNX model with its manifest through the server's engine."""
    return lambda noisy, sample_rate_hz: through_engine(int8, [noisy], sample_rate_hz)


def evaluate(systems: dict[str, System], pairs: list[Pair], dnsmos: Rater | None = None) -> dict[str, list[Scores]]:
    """Return the scores of every system on every pair, with DNSMOS P.835 if its rater is given."""
    results: dict[str, list[Scores]] = {}
    for name, system in systems.items():
        results[name] = []
        for pair in tqdm(pairs, desc=name, unit="clip"):
            cleaned = system(pair.noisy, pair.sample_rate_hz)
            scores = score(cleaned, pair.clean, pair.sample_rate_hz)
            if dnsmos:
                sig, bak, ovrl = dnsmos(cleaned)
                scores = replace(scores, sig=sig, bak=bak, ovrl=ovrl)
            results[name].append(scores)
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
    """Return the means over all pairs as a Markdown table, without the columns that nobody has."""
    shown = [column for column in COLUMNS if any(not math.isnan(groups["all"][column]) for groups in summary.values())]
    lines = ["| system | " + " | ".join(COLUMNS[column][0] for column in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for name, groups in summary.items():
        values = (format(groups["all"][column], COLUMNS[column][1]) for column in shown)
        lines.append(f"| {name} | " + " | ".join(values) + " |")
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
