"""The box's database: one SQLite file in its data folder."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_server.errors import BadRequestError, DataFolderError, DiskFullError

SCHEMA_VERSION = 1
_BUSY_TIMEOUT_S = 5.0
_SCHEMA = """
CREATE TABLE invitations (
    invitation_id TEXT PRIMARY KEY, code_sha256 TEXT NOT NULL UNIQUE, role TEXT NOT NULL, label TEXT NOT NULL, room_id TEXT,
    created_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, max_uses INTEGER NOT NULL, uses INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT;
CREATE TABLE revocations (
    kind TEXT NOT NULL, value TEXT NOT NULL, until_s INTEGER NOT NULL, PRIMARY KEY (kind, value)
) STRICT;
CREATE TABLE limits (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, state TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    file_format TEXT NOT NULL, suppression_limit_db REAL, created_at_ms INTEGER NOT NULL, finished_at_ms INTEGER,
    expires_at_ms INTEGER NOT NULL, duration_s REAL, sample_rate_hz INTEGER, channels INTEGER, result_bytes INTEGER, error TEXT
) STRICT;
CREATE TABLE job_log (
    job_id TEXT NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL, level TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
"""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise DiskFullError("The disk of this box is full, or takes nothing any more.") from error
        raise
    except UnicodeEncodeError as error:
        # Half a surrogate pair, which JSON can write.
        raise BadRequestError("A text has half a character in it, which cannot be kept.") from error


class Database:
    """Short transactions on one file. Every call waits for the disk, so the network loop calls from a thread pool.

    Thread: one at a time, any. Raises `DataFolderError` when the file cannot be used; every call raises `DiskFullError`
    when nothing can be written any more, and `BadRequestError` for text that no file can hold.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            path.chmod(0o600)
            self._connection.row_factory = sqlite3.Row
            # A power cut may lose the last moments, but never leaves half a transaction.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._create_tables(path)
        except (sqlite3.DatabaseError, OSError) as error:
            raise DataFolderError(f"{path} cannot be used ({error}); move it away to begin anew.") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All statements inside, or none of them."""
        # IMMEDIATE: the command line writes to the same file while the box serves.
        with _told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> int:
        """Run one statement, and give how many rows it changed."""
        with _told():
            return self._connection.execute(statement, values).rowcount

    def rows(self, statement: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """The rows that a query finds."""
        return [dict(row) for row in self._connection.execute(statement, values)]

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _create_tables(self, path: Path) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with self.transaction() as connection:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version != SCHEMA_VERSION:
            raise DataFolderError(f"{path} is of another version of this service; move it away to begin anew.")
