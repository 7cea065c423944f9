from pathlib import Path

import pytest

from edge_server.auth.tokens import Claims
from edge_server.store.database import Database
from edge_server.store.revocations import DEVICE, INVITATION, Revocations


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "box.sqlite3")


def take_back(revocations: Revocations, kind: str, *values: str) -> None:
    for value in values:
        revocations.add(kind, value)
        revocations.save(kind, value)


def covered(revocations: Revocations, kind: str, *values: str) -> list[bool]:
    """Which of these devices or invitations are refused."""
    return [
        revocations.covers(Claims(value, "speaker", 0) if kind == DEVICE else Claims("anyone", "speaker", 0, value))
        for value in values
    ]


def test_a_device_and_an_invitation_are_not_the_same(database: Database) -> None:
    revocations = Revocations(database)
    take_back(revocations, DEVICE, "d-1")
    take_back(revocations, INVITATION, "i-1")
    for kept in (revocations, Revocations(database)):
        assert covered(kept, DEVICE, "d-1", "d-2", "i-1") == [True, False, False]
        assert covered(kept, INVITATION, "i-1", "i-2", "d-1") == [True, False, False]


def test_what_an_earlier_version_wanted_to_forget_is_kept(database: Database) -> None:
    database.execute("INSERT INTO revocations VALUES ('device', 'd-1', 5)")
    assert covered(Revocations(database), DEVICE, "d-1") == [True]


def test_of_each_kind_the_last_are_kept(database: Database) -> None:
    revocations = Revocations(database, 2)
    take_back(revocations, DEVICE, "d-1", "d-2", "d-1", "d-3")
    take_back(revocations, INVITATION, "i-1", "i-2", "i-3")
    for kept in (revocations, Revocations(database, 2)):
        assert covered(kept, DEVICE, "d-1", "d-2", "d-3") == [True, False, True]
        assert covered(kept, INVITATION, "i-1", "i-2", "i-3") == [False, True, True]
    assert len(database.rows("SELECT * FROM revocations")) == 4
