"""docs/limits.md names settings that exist and tests that exist."""

import re
from dataclasses import fields
from pathlib import Path

from edge_server.config import Settings

ROOT = Path(__file__).parent.parent
LIMIT_ENDINGS = ("_s", "_ms", "_bytes", "_packets", "_tries", "_threads")
INTERVALS = ("housekeeping_s", "stats_interval_s")
"""How often something is done, which bounds nothing."""
ROWS = [
    line for line in (ROOT / "docs" / "limits.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
]


def test_every_setting_that_is_named_exists() -> None:
    names = {item.name for item in fields(Settings)}
    named = {name for row in ROWS for name in re.findall(r"`([a-z]+_[a-z_]+)`", row.split("|")[2])}
    assert named
    assert named <= names


def test_every_limit_is_in_a_table() -> None:
    tables = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("limits.md", "hostile-clients.md"))
    limits = [
        item.name for item in fields(Settings) if item.name.startswith("max_") or item.name.endswith(LIMIT_ENDINGS)
    ]
    assert len(limits) > 40
    assert [name for name in limits if f"`{name}`" not in tables and name not in INTERVALS] == []


def test_every_test_that_is_named_exists() -> None:
    place = ""
    named = [found for row in ROWS for found in re.findall(r"`(tests/[\w/]+\.py|\.\.)(?:::(\w+))?`", row.split("|")[3])]
    assert named
    for path, test in named:
        place = place if path == ".." else path
        text = (ROOT / place).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, f"{place} has no {test}"
