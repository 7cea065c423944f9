from pathlib import Path

import pytest

from edge_server.errors import BadRequestError, DataFolderError, DiskFullError, InvitationInvalidError, NotFoundError
from edge_server.store.database import Database
from edge_server.store.invitations import InvitationRequest, InvitationStore


class Clock:
    """A clock that a test sets, in Unix seconds."""

    now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "box.sqlite3")


def test_a_code_is_not_in_the_file(tmp_path: Path, database: Database, clock: Clock) -> None:
    _, code = InvitationStore(database, 5, clock).create(InvitationRequest("speaker", 60))
    database.close()
    assert all(code.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize("code", ["", "nothing", "x" * 10_000, "' OR 1=1 --", "\x00", "\ud800"])
def test_an_unknown_code_buys_nothing(database: Database, clock: Clock, code: str) -> None:
    store = InvitationStore(database, 5, clock)
    store.create(InvitationRequest("speaker", 60))
    with pytest.raises(InvitationInvalidError):
        store.redeem(code)


def test_an_invitation_ends_by_time_use_and_revocation(database: Database, clock: Clock) -> None:
    store = InvitationStore(database, 5, clock)
    codes = [store.create(InvitationRequest("speaker", 60, uses))[1] for uses in (0, 1)]
    for _ in range(3):
        store.redeem(codes[0])
    store.redeem(codes[1])
    with pytest.raises(InvitationInvalidError):
        store.redeem(codes[1])
    forever = next(invitation for invitation in store.all() if invitation.max_uses == 0)
    assert (forever.uses, forever.state(store.now_ms())) == (3, "open")
    clock.now_s += 60
    assert forever.state(store.now_ms()) == "expired"
    with pytest.raises(InvitationInvalidError):
        store.redeem(codes[0])
    with pytest.raises(NotFoundError):
        store.revoke("i-none")


def test_old_invitations_are_forgotten_and_make_room(database: Database, clock: Clock) -> None:
    store = InvitationStore(database, 1, clock)
    store.create(InvitationRequest("speaker", 60))
    with pytest.raises(BadRequestError):
        store.create(InvitationRequest("speaker", 60))
    clock.now_s += 61
    store.create(InvitationRequest("speaker", 60))
    assert len(store.all()) == 2
    clock.now_s += 8 * 24 * 3600
    store.create(InvitationRequest("speaker", 60))
    assert len(store.all()) == 1


def test_rooms_end_with_the_box_and_so_do_their_invitations(database: Database, clock: Clock) -> None:
    store = InvitationStore(database, 5, clock)
    _, to_room = store.create(InvitationRequest("listener", 60, 0, "", "r-1"))
    _, to_box = store.create(InvitationRequest("listener", 60, 0))
    store.revoke_all_of_rooms()
    assert store.redeem(to_box).room_id is None
    with pytest.raises(InvitationInvalidError):
        store.redeem(to_room)


def test_text_that_cannot_be_kept_is_refused_and_leaves_nothing(database: Database, clock: Clock) -> None:
    store = InvitationStore(database, 5, clock)
    with pytest.raises(BadRequestError):
        store.create(InvitationRequest("speaker", 60, label="\ud800"))
    assert store.all() == []
    with pytest.raises(BadRequestError):
        store.revoke("\ud800")


def test_a_file_that_is_no_database_is_told_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    path.write_bytes(b"this is a diary, not a database" * 100)
    with pytest.raises(DataFolderError, match=r"box\.sqlite3"):
        Database(path)
    assert path.read_bytes().startswith(b"this is a diary")


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    database = Database(tmp_path / "box.sqlite3")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(DataFolderError, match="another version"):
        Database(tmp_path / "box.sqlite3")


def test_half_a_transaction_leaves_nothing(database: Database) -> None:
    def half() -> None:
        with database.transaction() as connection:
            connection.execute("INSERT INTO limits VALUES ('a', 1)")
            raise KeyError("half")

    with pytest.raises(KeyError):
        half()
    assert database.rows("SELECT * FROM limits") == []


def test_a_full_disk_is_told_as_such_and_the_file_stays_whole(database: Database, clock: Clock) -> None:
    store = InvitationStore(database, 10_000, clock)
    pages = database.rows("PRAGMA page_count")[0]["page_count"]
    database.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill() -> None:
        for _ in range(1000):
            store.create(InvitationRequest("speaker", 60, 1, "x" * 60))

    with pytest.raises(DiskFullError):
        fill()
    kept = len(store.all())
    assert kept > 0
    with pytest.raises(DiskFullError):
        fill()
    assert len(store.all()) == kept
    database.execute("PRAGMA max_page_count = 100000")
    store.create(InvitationRequest("speaker", 60))
