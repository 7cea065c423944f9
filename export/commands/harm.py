"""`harm`: what a model does to speech that it should leave alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click

from export.commands.options import DATA, FILE, FOLDER, json_option, show


@click.command()
@click.argument("model", type=FILE)
@click.option("--pairs", type=FOLDER, default=DATA / "valid", show_default=True, help="Pairs in noisy/ and clean/.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first LIMIT pairs.")
@click.option("--processes", type=click.IntRange(min=1), help="Processes that share the work.  [default: one a core]")
@click.option("--report", type=FOLDER, help="Folder for NAME.harm.json and NAME.harm.png.")
@json_option
def harm(
    model: Path, pairs: Path, limit: int | None, processes: int | None, report: Path | None, as_json: bool
) -> None:
    """Measure what MODEL does to speech and silence that it should leave alone, in the server's engine.

    Clean and quiet speech, over-suppression, word onsets, high-frequency sounds, noise alone, silence, pumping, and
    input that is broken, clipped, offset, band-limited or reverberant.
    """
    from export.harm import measure, page
    from export.pairs import read_pairs
    from export.quality.processes import default_processes

    chosen = list(islice(read_pairs(pairs), limit))
    found = measure.measure_harm(model, chosen, processes or default_processes())
    if report:
        for path in page.write_harm(report, found):
            click.echo(f"wrote {path}", err=True)
    show(as_json, found.to_dict(), page.table(found))
