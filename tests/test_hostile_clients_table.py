"""docs/hostile-clients.md names tests, settings and attacks of the benchmark: all of them exist, and no attack is left out."""

import re
from dataclasses import fields

import pytest

from edge_server.config import REPOSITORY, Settings
from scripts.bench_attacks import ATTACKS

ROWS = [
    line.split("|")[1:-1]
    for line in (REPOSITORY / "docs" / "hostile-clients.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "`tests/" in line
]
BYTES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20}


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip() for row in ROWS])
def test_every_row_names_a_test_and_settings_that_exist(row: list[str]) -> None:
    path, _, name = row[3].strip(" `").partition("::")
    assert f"def {name}(" in (REPOSITORY / path).read_text(encoding="utf-8")
    defaults = {field.name: field.default for field in fields(Settings)}
    for setting, told, unit in re.findall(r"`(\w+)`(?: \((\d+)(?: (KiB|MiB))?)?", row[2]):
        assert setting in defaults
        if told:
            assert float(told) * BYTES[unit] == defaults[setting]


def test_the_rows_name_the_attacks_of_the_benchmark() -> None:
    assert {attack for row in ROWS for attack in re.findall(r"`([^`]+)`", row[4])} == set(ATTACKS)


def test_the_table_is_there() -> None:
    assert len(ROWS) > 25
