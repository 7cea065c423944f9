"""Harm for people: a table, a chart, files, and a part of the evaluation's report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from matplotlib import pyplot
from matplotlib.axes import Axes

from export.harm.figures import Figure
from export.harm.measure import Harm
from export.quality.pictures import png_of
from export.quality.players import picture_uri

LEVELS = ("p1", "p10", "p50", "p90", "p99")


@dataclass(frozen=True)
class PagePart:
    """What the report shows of one model."""

    name: str
    figures: list[Figure]
    judged: int
    failing: int
    picture: str


def page_part(harm: Harm) -> PagePart:
    """Return the figures and the chart of one model."""
    judged = [figure for figure in harm.figures if figure.holds is not None]
    failing = sum(not figure.holds for figure in judged)
    return PagePart(harm.model, harm.figures, len(judged), failing, picture_uri(chart(harm)))


def write_harm(folder: Path, harm: Harm) -> list[Path]:
    """Write NAME.harm.json and NAME.harm.png to `folder` and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    record, picture = folder / f"{harm.model}.harm.json", folder / f"{harm.model}.harm.png"
    record.write_text(json.dumps(harm.to_dict(), indent=1) + "\n")
    picture.write_bytes(chart(harm))
    return [record, picture]


def table(harm: Harm) -> str:
    """Return the figures as a Markdown table; what does not hold is in bold."""
    lines = ["| what | found | wanted |", "|---|---|---|"]
    for figure in harm.figures:
        shown = f"**{figure.shown}**" if figure.holds is False else figure.shown
        lines.append(f"| {figure.title} | {shown} | {figure.wanted} |")
    return "\n".join(lines)


def chart(harm: Harm) -> bytes:
    """Draw speech lost, noise attenuated by class, and pumping, as PNG: median, 10 to 90 % thick, 1 to 99 % thin."""
    found = harm.distributions
    lost = {f"{sound}, clean in": values for sound, values in found["lost_from_clean_db"].items()}
    lost |= {f"{sound}, noisy in": values for sound, values in found["lost_from_noisy_db"].items()}
    lost |= {f"all, {snr} dB": values for snr, values in found["lost_from_noisy_by_snr_db"].items()}
    panels = {
        "speech lost in dB (right is worse)": lost,
        "noise alone: attenuation in dB (left is worse)": found["noise_attenuation_db"],
        "steady noise in pauses, level in dB": found["pumping_db"],
    }
    figure, axes = pyplot.subplots(1, len(panels), figsize=(16, 4.2))
    for axis, (title, ranges) in zip(axes, panels.items(), strict=True):
        _draw_ranges(axis, {name: values for name, values in ranges.items() if values})
        axis.set_title(title, fontsize=10)
    return png_of(figure)


def _draw_ranges(axis: Axes, ranges: dict[str, dict[str, float]]) -> None:
    for line, values in enumerate(ranges.values()):
        p1, p10, p50, p90, p99 = (values[level] for level in LEVELS)
        axis.plot([p1, p99], [line, line], color="C0", linewidth=1)
        axis.plot([p10, p90], [line, line], color="C0", linewidth=5, alpha=0.5, solid_capstyle="butt")
        axis.plot(p50, line, "o", color="C3", markersize=4)
    axis.set_yticks(range(len(ranges)), list(ranges), fontsize=8)
    axis.invert_yaxis()
    axis.axvline(0, color="grey", linewidth=0.8)
    axis.grid(alpha=0.3, axis="x")
