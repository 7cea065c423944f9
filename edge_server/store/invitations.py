"""Invitations: codes that buy tokens of a role, for a time, a number of times."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from edge_server.errors import BadRequestError, InvitationInvalidError, NotFoundError
from edge_server.store.database import Database

MAX_LABEL_CHARACTERS = 60
MAX_CODE_CHARACTERS = 64
_CODE_BYTES = 16
_KEPT_AFTER_END_MS = 7 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class InvitationRequest:
    """What an invitation shall be good for; `max_uses` 0 is no limit, `room_id` None the whole box."""

    role: str
    expires_in_s: int
    max_uses: int = 1
    label: str = ""
    room_id: str | None = None


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation as the owner sees it; its code is not known to anyone but those who were given it."""

    invitation_id: str
    role: str
    label: str
    room_id: str | None
    created_at_ms: int
    expires_at_ms: int
    max_uses: int
    uses: int
    revoked: bool

    def state(self, now_ms: int) -> str:
        """`open`, `used`, `expired` or `revoked`."""
        if self.revoked:
            return "revoked"
        if self.expires_at_ms <= now_ms:
            return "expired"
        return "used" if self.max_uses and self.uses >= self.max_uses else "open"

    def to_dict(self, now_ms: int) -> dict[str, Any]:
        """The invitation object of PROTOCOL.md, section 10."""
        fields = asdict(self)
        del fields["revoked"]
        return {**fields, "state": self.state(now_ms)}


class InvitationStore:
    """The invitations of a box, by the hash of their code. Every call waits for the disk.

    Thread: one at a time, any. `unix_clock` gives Unix seconds.
    """

    def __init__(self, database: Database, max_invitations: int, unix_clock: Callable[[], float]) -> None:
        self._database = database
        self._max_invitations = max_invitations
        self._unix_clock = unix_clock

    def create(self, request: InvitationRequest) -> tuple[Invitation, str]:
        """A new invitation and its code. Raises `BadRequestError` when there are too many."""
        now_ms = self.now_ms()
        self._database.execute(
            "DELETE FROM invitations WHERE expires_at_ms < ? OR (revoked AND created_at_ms < ?)",
            (now_ms - _KEPT_AFTER_END_MS, now_ms - _KEPT_AFTER_END_MS),
        )
        if self._open_count(now_ms) >= self._max_invitations:
            raise BadRequestError(f"There are {self._max_invitations} open invitations already; revoke some first.")
        code = secrets.token_urlsafe(_CODE_BYTES)
        invitation = Invitation(
            f"i-{secrets.token_hex(8)}",
            request.role,
            request.label,
            request.room_id,
            now_ms,
            now_ms + 1000 * request.expires_in_s,
            request.max_uses,
            0,
            False,
        )
        self._insert(invitation, code)
        return invitation, code

    def redeem(self, code: str) -> Invitation:
        """The invitation of a code, used once more. Raises `InvitationInvalidError`."""
        with self._database.transaction():
            rows = self._select("code_sha256 = ?", (_digest(code),))
            if not rows or rows[0].state(self.now_ms()) != "open":
                raise InvitationInvalidError("This invitation is unknown, has expired, or was used or revoked.")
            self._database.execute(
                "UPDATE invitations SET uses = uses + 1 WHERE invitation_id = ?", (rows[0].invitation_id,)
            )
        return rows[0]

    def revoke(self, invitation_id: str) -> Invitation:
        """End an invitation. Raises `NotFoundError`."""
        self._database.execute("UPDATE invitations SET revoked = 1 WHERE invitation_id = ?", (invitation_id,))
        rows = self._select("invitation_id = ?", (invitation_id,))
        if not rows:
            raise NotFoundError("There is no such invitation.")
        return rows[0]

    def revoke_all_of_rooms(self) -> None:
        """End the invitations of rooms, which a restart of the box has ended."""
        self._database.execute("UPDATE invitations SET revoked = 1 WHERE room_id IS NOT NULL")

    def all(self) -> list[Invitation]:
        """Every invitation to the box itself that is still kept, newest first."""
        return self._select("room_id IS NULL", ())

    def now_ms(self) -> int:
        """The time, in Unix milliseconds."""
        return round(1000 * self._unix_clock())

    def _insert(self, invitation: Invitation, code: str) -> None:
        columns = asdict(invitation) | {"code_sha256": _digest(code), "revoked": int(invitation.revoked)}
        marks = ", ".join("?" * len(columns))
        self._database.execute(
            f"INSERT INTO invitations ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
        )

    def _open_count(self, now_ms: int) -> int:
        return sum(invitation.state(now_ms) == "open" for invitation in self._select("NOT revoked", ()))

    def _select(self, condition: str, values: tuple[Any, ...]) -> list[Invitation]:
        rows = self._database.rows(
            f"SELECT * FROM invitations WHERE {condition} ORDER BY created_at_ms DESC, rowid DESC", values
        )
        for row in rows:
            del row["code_sha256"]
            row["revoked"] = bool(row["revoked"])
        return [Invitation(**row) for row in rows]


def _digest(code: str) -> str:
    # The codes are long and random, so a plain hash gives nothing away.
    # What is no text is in no code, and neither is the mark that stands for it.
    return hashlib.sha256(code[:MAX_CODE_CHARACTERS].encode(errors="replace")).hexdigest()
