"""The verdict page: report.json for machines, report.html for people, in one folder."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from export.integers.sensitivity import ALLOWED_ERROR_DB
from export.integers.target import this_machine
from export.make import Made
from export.metadata import Names
from export.report.charts import flac, latency_chart, sensitivity_chart, spectrogram
from export.runtime import FrameRunner
from export.sound_loss import denoise
from export.spec import AudioSpec

Samples = NDArray[np.float32]

SHOWN_S = 6
TEMPLATES = Path(__file__).parent


@dataclass(frozen=True)
class Clip:
    """One recording on the page."""

    title: str
    audio: str
    picture: str


def write_report(folder: Path, staged: Names, made: Made, noisy: Samples) -> None:
    """Write `report.json` and a self-contained `report.html` to `folder`; `staged` are the files that were judged."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = {"machine": platform.machine(), "target": this_machine(), "system": platform.platform()}
    results = {**made.to_dict(), "measured_on": machine}
    (folder / "report.json").write_text(json.dumps(results, indent=2) + "\n")
    (folder / "report.html").write_text(render(results, made, _clips(staged, made, noisy)))


def render(results: dict[str, Any], made: Made, clips: list[Clip]) -> str:
    """Return the page."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined)
    evidence = made.verdict.evidence
    return environment.get_template("page.html.j2").render(
        **results,
        rungs=made.verification.rungs,
        layers=made.quantized.chosen.layers,
        candidates=made.quantized.candidates,
        operators=made.quantized.operators,
        evidence=evidence,
        reasons=made.verdict.reasons,
        outcome=made.verdict.outcome,
        good=made.verdict.good,
        clips=clips,
        sensitivity=sensitivity_chart(made.quantized.chosen.layers, ALLOWED_ERROR_DB),
        latency=latency_chart(evidence.speeds),
        facts_json=json.dumps(results["facts"], indent=2),
    )


def _clips(staged: Names, made: Made, noisy: Samples) -> list[Clip]:
    spec = AudioSpec.from_facts(made.facts)
    shown = noisy[: SHOWN_S * spec.sample_rate_hz]
    forms = {
        "before": shown,
        "after, fp32": denoise(FrameRunner(staged.fp32), shown, spec),
        "after, integers": denoise(FrameRunner(staged.shipped()), shown, spec),
    }
    rate_hz = spec.sample_rate_hz
    return [Clip(title, flac(samples, rate_hz), spectrogram(samples, rate_hz)) for title, samples in forms.items()]
