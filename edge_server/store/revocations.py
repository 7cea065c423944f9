"""Tokens that are worth nothing any more, though their signature is good."""

from __future__ import annotations

from edge_server.auth.tokens import Claims
from edge_server.store.database import Database

DEVICE = "device"
INVITATION = "invitation"
REVOCATIONS_KEPT = 10_000
# The column is of boxes that forgot by a clock: to them this says never.
_UNTIL_S = 2**62


class Revocations:
    """Devices and invitations whose tokens are refused from then on: of each kind the last `max_kept`.

    None is forgotten for its age. A device may have a token of any life (`hushbox token --ttl`) beside the one at hand,
    and at the start of a board without a battery no clock can tell what is over for good.
    Thread: `covers` and `add` the network loop's; `save` any, one at a time.
    """

    def __init__(self, database: Database, max_kept: int = REVOCATIONS_KEPT) -> None:
        self._database = database
        self._max_kept = max_kept
        # Dictionaries for their order: the oldest come first.
        self._kept: dict[str, dict[str, None]] = {DEVICE: {}, INVITATION: {}}
        for row in database.rows("SELECT kind, value FROM revocations ORDER BY rowid"):
            self.add(row["kind"], row["value"])

    def covers(self, claims: Claims) -> bool:
        """Whether a token with these claims was taken back."""
        return claims.subject in self._kept[DEVICE] or claims.invitation_id in self._kept[INVITATION]

    def add(self, kind: str, value: str) -> None:
        """Refuse the tokens of this device or invitation from now on. Mutates: what is known, not yet what is saved."""
        kept = self._kept[kind]
        kept.pop(value, None)
        kept[value] = None
        if len(kept) > self._max_kept:
            del kept[next(iter(kept))]

    def save(self, kind: str, value: str) -> None:
        """Remember a revocation over restarts."""
        with self._database.transaction():
            self._database.execute("INSERT OR REPLACE INTO revocations VALUES (?, ?, ?)", (kind, value, _UNTIL_S))
            self._database.execute(
                "DELETE FROM revocations WHERE kind = ? AND rowid <= "
                "(SELECT rowid FROM revocations WHERE kind = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
                (kind, kind, self._max_kept),
            )
