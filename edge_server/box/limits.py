"""The limits that the owner may change while the box runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_server.errors import BadRequestError
from edge_server.store.database import Database


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: its range, and how it is read and set."""

    lowest: int
    highest: int
    read: Callable[[], int]
    write: Callable[[int], None]


class BoxLimits:
    """The limits by name, kept over restarts. Thread: the network loop's, but `keep` any, one at a time."""

    def __init__(self, database: Database, limits: Mapping[str, Limit]) -> None:
        self._database = database
        self._limits = dict(limits)
        for row in database.rows("SELECT name, value FROM limits"):
            limit = self._limits.get(row["name"])
            if limit is not None:
                # A setting may have become smaller than what was chosen under another one.
                limit.write(min(max(row["value"], limit.lowest), limit.highest))

    def set(self, wanted: Mapping[str, Any]) -> dict[str, int]:
        """Set some limits, all or none of them, and give them. Raises `BadRequestError`."""
        if not wanted:
            raise BadRequestError(f"The limits are {', '.join(self._limits)}.")
        for name, value in wanted.items():
            limit = self._limits.get(name)
            if limit is None:
                raise BadRequestError(f"There is no limit {name[:40]!r}; there are {', '.join(self._limits)}.")
            if type(value) is not int or not limit.lowest <= value <= limit.highest:
                raise BadRequestError(f"{name} has to be an integer from {limit.lowest} to {limit.highest}.")
        for name, value in wanted.items():
            self._limits[name].write(value)
        return dict(wanted)

    def keep(self, values: Mapping[str, int]) -> None:
        """Remember limits over restarts; waits for the disk."""
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO limits VALUES (?, ?)", list(values.items()))

    def to_dict(self) -> dict[str, dict[str, int]]:
        """The limits as PROTOCOL.md, section 10, has them."""
        return {
            name: {"value": limit.read(), "lowest": limit.lowest, "highest": limit.highest}
            for name, limit in self._limits.items()
        }
