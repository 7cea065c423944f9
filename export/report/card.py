"""The short model card that `make` writes beside a file; `card` writes the long one, from records of an evaluation."""

from __future__ import annotations

from pathlib import Path

import jinja2

from export.metadata import Names, read_manifest

MARKER = "This card was written by `hushbox-export make`; it holds what the file says and what was measured when it was made."


def write_short_card(names: Names) -> None:
    """Write NAME.md from the manifest, unless there is one that somebody else wrote."""
    card = names.folder / f"{names.name}.md"
    if card.exists() and MARKER not in card.read_text():
        return
    manifest = read_manifest(names.manifest)
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=False, autoescape=False
    )
    template = environment.get_template("card.md.j2")
    facts = {"verdict": manifest["verdict"], "evidence": manifest["evidence"]}
    card.write_text(template.render(facts=manifest, manifest=manifest, marker=MARKER, **facts) + "\n")
