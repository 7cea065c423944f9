"""The files of an evaluation: clips.csv, evaluation.json and report.html."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_server.engine.model_file import SHIPPED_SUFFIX
from export.harm.measure import measure_harm
from export.harm.page import page_part, write_harm
from export.pairs import Pair
from export.quality.evaluation import Row, Settings
from export.quality.record import make_record, write_record
from export.quality.report import make_exhibits, median_spectrograms, write_report
from export.quality.summary import write_csv
from export.quality.systems import SystemSpec


def publish(
    folder: Path,
    specs: Sequence[SystemSpec],
    pairs: Sequence[Pair],
    settings: Settings,
    rows: Sequence[Row],
    harm: bool,
) -> list[Path]:
    """Write everything that was measured to `folder` and return the paths; with `harm`, measure that first."""
    folder.mkdir(parents=True, exist_ok=True)
    table, record_file, page = (folder / name for name in ("clips.csv", "evaluation.json", "report.html"))
    write_csv(table, rows)
    record = make_record(specs, pairs, settings, rows)
    write_record(record_file, record)
    found = [measure_harm(spec.files[0], pairs, settings.processes) for spec in shipped(specs)] if harm else []
    written = [path for each in found for path in write_harm(folder, each)]
    for spec in shipped(specs):
        picture = median_spectrograms(specs, spec, pairs, rows)
        if picture:
            written.append(folder / f"{spec.name}.spectrograms.png")
            written[-1].write_bytes(picture)
    write_report(page, record, rows, make_exhibits(specs, pairs, rows), [page_part(each) for each in found])
    return [table, record_file, page, *written]


def shipped(specs: Sequence[SystemSpec]) -> list[SystemSpec]:
    """Return the models among `specs` that are served: NAME.int8.onnx."""
    return [spec for spec in specs if spec.ours and spec.files[0].name.endswith(SHIPPED_SUFFIX)]
