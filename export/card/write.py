"""NAME.md and its pictures, from files to files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import jinja2

from export.card.attribution import read_sources
from export.card.training import Stage, join_curves, stage_of_manifest, stages_of_runs
from export.card.weaknesses import weaknesses
from export.checkpoint import sha256_of, write_whole
from export.curve import plot_curve
from export.errors import AudioError, ModelFileError
from export.metadata import Names, read_manifest, several_path
from export.quality.evaluation import Row
from export.quality.record import read_record
from export.quality.summary import COLUMNS, by_system, grouped_means, means, show

INT8_MAY_COST = {"pesq_wb": 0.02, "si_sdr_db": 0.1, "estoi": 0.2}
"""In the units of the columns (ESTOI in percent): what issue and card promise of int8 against fp32."""
PICTURES = {"spectrograms": "{model}.spectrograms.png", "harm": "{model}.harm.png"}


def write_card(
    names: Names, report: Path, licences: Path, train: click.Command, runs: Sequence[Path] = ()
) -> list[Path]:
    """Write NAME.md, NAME-spectrograms.png and NAME-harm.png beside the model and return their paths.

    `report` is the folder of `evaluate --report`; `runs` are the folders of the training runs that led to the model, in
    order, whose curves are then joined to NAME-curve.csv and NAME-curve.png. Raises ModelFileError if the evaluation scored
    another file than the one that is shipped, AudioError if it has no such model.
    """
    manifest = read_manifest(names.manifest)
    shipped = names.folder / manifest["file"]
    model = shipped.name.removesuffix(".onnx")
    record, rows = read_record(report / "evaluation.json")
    _check(record, model, shipped)
    harm = _read_harm(report / f"{model}.harm.json")
    stages = _stages(names, manifest, train, runs)
    pictures = _pictures(names, report, model)
    page = _template().render(
        name=names.name,
        model=model,
        manifest=manifest,
        files=_hashes((shipped, several_path(shipped), names.fp32, _beside(names, ".pt"))),
        stages=stages,
        pictures={kind: path.name for kind, path in pictures.items()},
        sources=read_sources(licences),
        **_scores(record, rows, model, harm),
    )
    card = _beside(names, ".md")
    write_whole(card, page.encode())
    return [card, *pictures.values()]


def _stages(names: Names, manifest: dict[str, Any], train: click.Command, runs: Sequence[Path]) -> list[Stage]:
    curve = _beside(names, "-curve.csv")
    if not runs:
        return [stage_of_manifest(train, names.name, manifest.get("training", {}), curve)]
    stages = stages_of_runs(train, runs)
    if all(stage.checkpoints for stage in stages):
        join_curves(runs, curve)
        plot_curve(curve, _beside(names, "-curve.png"))
    return stages


def _read_harm(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.exists() else None


def _scores(record: dict[str, Any], rows: list[Row], model: str, harm: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "harm": harm,
        "weaknesses": weaknesses(rows, model, harm),
        "record": record,
        "overall": _overall(rows),
        "by_snr": _by_snr(rows),
        "int8_cost": next((cost for cost in record["int8_cost"] if cost["int8"] == model), None),
        "may_cost": INT8_MAY_COST,
        "columns": COLUMNS,
    }


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    # Markdown, not HTML: nothing to escape, and everything in it is ours.
    return jinja2.Environment(loader=loader, trim_blocks=True, lstrip_blocks=True).get_template("card.md.j2")


def _check(record: dict[str, Any], model: str, shipped: Path) -> None:
    scored = next((system for system in record["systems"] if system["name"] == model), None)
    if scored is None:
        raise AudioError(f"The evaluation has no scores of {model}; run 'evaluate {shipped} --report' first.")
    if scored["files"].get(shipped.name) != sha256_of(shipped):
        raise ModelFileError(f"The evaluation scored another {shipped.name} than the one in {shipped.parent}.")


def _pictures(names: Names, report: Path, model: str) -> dict[str, Path]:
    found = {"curve": _beside(names, "-curve.png")}
    for kind, pattern in PICTURES.items():
        found[kind] = _beside(names, f"-{kind}.png")
        source = report / pattern.format(model=model)
        if source.exists():
            shutil.copyfile(source, found[kind])
        else:
            found[kind].unlink(missing_ok=True)
    return {kind: path for kind, path in found.items() if path.exists()}


def _hashes(paths: Sequence[Path]) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in paths if path.exists()}


def _beside(names: Names, ending: str) -> Path:
    return names.folder / f"{names.name}{ending}"


def _overall(rows: list[Row]) -> dict[str, list[str]]:
    return {system: [show(means(found), column) for column in COLUMNS] for system, found in by_system(rows).items()}


def _by_snr(rows: list[Row]) -> dict[str, dict[str, str]]:
    columns = ("pesq_wb", "estoi", "si_sdr_db", "ovrl")
    return {
        system: {
            snr: " / ".join(show(values, column) for column in columns)
            for snr, values in grouped_means(found, lambda row: row.snr_db).items()
        }
        for system, found in by_system(rows).items()
    }
