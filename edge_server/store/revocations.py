"""Tokens that are worth nothing any more, though their signature is good."""

from __future__ import annotations

from collections.abc import Callable

from edge_server.auth.tokens import Claims
from edge_server.store.database import Database

DEVICE = "device"
INVITATION = "invitation"


class Revocations:
    """Devices and invitations whose tokens are refused, each until the last of its tokens has expired anyway.

    Thread: `covers` and `add` the network loop's; `save` any, one at a time. `unix_clock` gives Unix seconds.
    """

    def __init__(self, database: Database, unix_clock: Callable[[], float]) -> None:
        self._database = database
        self._unix_clock = unix_clock
        now_s = int(unix_clock())
        database.execute("DELETE FROM revocations WHERE until_s <= ?", (now_s,))
        rows = database.rows("SELECT kind, value, until_s FROM revocations")
        self._until_s = {(row["kind"], row["value"]): row["until_s"] for row in rows}

    def covers(self, claims: Claims) -> bool:
        """Whether a token with these claims was taken back."""
        return (DEVICE, claims.subject) in self._until_s or (INVITATION, claims.invitation_id) in self._until_s

    def add(self, kind: str, value: str, until_s: int) -> None:
        """Refuse the tokens of this device or invitation from now on. Mutates: what is known, not yet what is saved."""
        now_s = self._unix_clock()
        self._until_s = {key: end_s for key, end_s in self._until_s.items() if end_s > now_s}
        self._until_s[kind, value] = until_s

    def save(self, kind: str, value: str, until_s: int) -> None:
        """Remember a revocation over restarts."""
        self._database.execute("INSERT OR REPLACE INTO revocations VALUES (?, ?, ?)", (kind, value, until_s))
