"""The report of an evaluation: one HTML file with tables, plots, spectrograms and audio, that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from export.pairs import Pair
from export.quality import pictures
from export.quality.evaluation import Row
from export.quality.players import audio_uri, picture_uri
from export.quality.summary import COLUMNS, by_system, means, pesq_gain, show, worst_clips
from export.quality.systems import SystemSpec

Samples = NDArray[np.float32]

WORST_CLIPS = 15


@dataclass(frozen=True)
class Exhibit:
    """One clip to see and to hear: every signal's score and player, and all spectrograms in one picture."""

    title: str
    picture: str
    players: list[tuple[str, str, str]]


def write_report(
    path: Path, record: dict[str, Any], rows: Sequence[Row], exhibits: Sequence[Exhibit], harm: Sequence[Any] = ()
) -> None:
    """Write the page to `path`; `exhibits` come from `make_exhibits`, `harm` from `harm.report.page_part`."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    plots = (pictures.snr_curves(rows), pictures.distributions(rows), pictures.class_table(rows))
    page = environment.get_template("report.html.j2").render(
        record=record,
        tables=_tables(rows),
        plots=[picture_uri(plot) for plot in plots if plot],
        worst={name: worst_clips(rows, name, WORST_CLIPS) for name in _our_names(record)},
        columns=COLUMNS,
        exhibits=exhibits,
        harm=harm,
        gain=pesq_gain,
    )
    path.write_text(page, encoding="utf-8")


def make_exhibits(specs: Sequence[SystemSpec], pairs: Sequence[Pair], rows: Sequence[Row]) -> list[Exhibit]:
    """Return a handful of clips of the first model of ours (or the last peer): its worst, its median and its best."""
    ours = next((spec for spec in specs if spec.ours), specs[-1])
    ranked = worst_clips(rows, ours.name, len(pairs))
    chosen = dict(zip(("worst", "second worst", "third worst"), ranked, strict=False))
    if len(ranked) > len(chosen) + 1:
        chosen |= {"median": ranked[len(ranked) // 2], "best": ranked[-1]}
    by_name = {pair.name: pair for pair in pairs}
    scores = {(row.system, row.clip): row for row in rows}
    exhibits = []
    for place, (row, _) in chosen.items():
        pair = by_name[row.clip]
        exhibits.append(_exhibit(f"{place} of {ours.name}: {describe(row)}", signals_of(specs, pair), pair, scores))
    return exhibits


def median_spectrograms(
    specs: Sequence[SystemSpec], ours: SystemSpec, pairs: Sequence[Pair], rows: Sequence[Row]
) -> bytes | None:
    """Return a PNG of the clip that `ours` improves by the median, as it and every peer make it; None without scores."""
    ranked = worst_clips(rows, ours.name, len(pairs))
    if not ranked:
        return None
    pair = next(pair for pair in pairs if pair.name == ranked[len(ranked) // 2][0].clip)
    shown = [spec for spec in specs if not spec.ours or spec == ours]
    return pictures.spectrograms(signals_of(shown, pair), pair.sample_rate_hz)


def signals_of(specs: Sequence[SystemSpec], pair: Pair) -> dict[str, Samples]:
    """Return the clean original of a pair and what every system makes of the noisy one."""
    made = {spec.name: spec.open()(pair.noisy, pair.sample_rate_hz) for spec in specs}
    return {"clean": pair.clean, **made}


def describe(row: Row) -> str:
    """Return which clip it is."""
    facts = [f"clip {row.clip}", row.noise_class, None if row.snr_db is None else f"{row.snr_db:g} dB"]
    return ", ".join(fact for fact in facts if fact)


def _exhibit(title: str, signals: dict[str, Samples], pair: Pair, scores: dict[tuple[str, str], Row]) -> Exhibit:
    players = []
    for name, samples in signals.items():
        row = scores.get((name, pair.name))
        text = "" if row is None else f"PESQ {row.scores.pesq_wb:.2f}, SI-SDR {row.scores.si_sdr_db:.1f} dB"
        players.append((name, text, audio_uri(samples, pair.sample_rate_hz)))
    return Exhibit(title, picture_uri(pictures.spectrograms(signals, pair.sample_rate_hz)), players)


def _tables(rows: Sequence[Row]) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    systems = by_system(rows)
    groups: dict[str, dict[str, list[Row]]] = {"All clips": systems}
    for snr in sorted({row.snr_db for row in rows if row.snr_db is not None}):
        groups[f"{snr:g} dB"] = {name: [row for row in found if row.snr_db == snr] for name, found in systems.items()}
    for kind in sorted({row.noise_class for row in rows if row.noise_class is not None}):
        groups[kind] = {name: [row for row in found if row.noise_class == kind] for name, found in systems.items()}
    return [
        (f"{title} ({len(next(iter(members.values())))})", [(name, _cells(found)) for name, found in members.items()])
        for title, members in groups.items()
    ]


def _cells(rows: Sequence[Row]) -> list[str]:
    values = means(rows)
    return [show(values, column) for column in COLUMNS]


def _our_names(record: dict[str, Any]) -> list[str]:
    return [system["name"] for system in record["systems"] if system["kind"] == "model"]
