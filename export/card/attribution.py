"""Whose audio a model was trained on, from the licence list beside the audio."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from export.errors import AudioError

ENTRY = re.compile(r"^\* \*\*(?P<name>.+?)\*\*\s*(?P<text>.*)$")


@dataclass(frozen=True)
class Source:
    """One source of audio: its part (speech or noise), its name, and what its list says of authors and licences."""

    part: str
    name: str
    text: str


def read_sources(path: Path) -> list[Source]:
    """Return the sources that a licence list has as bold points under its headings. Raises AudioError if there are none."""
    if not path.exists():
        raise AudioError(f"There is no licence list at {path}.")
    part, sources = "", []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            part = line.removeprefix("## ").strip()
        elif entry := ENTRY.match(line):
            sources.append(Source(part, entry["name"], entry["text"]))
    if not sources:
        raise AudioError(f"{path} lists no sources of audio.")
    return sources
