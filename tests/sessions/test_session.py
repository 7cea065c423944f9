import pytest

from edge_server.auth.tokens import SPEAKER, Claims
from edge_server.errors import NoStreamError
from edge_server.sessions.session import Session

END_S = 10_000


@pytest.fixture
def session() -> Session:
    return Session(Claims("device", SPEAKER, END_S))


def test_a_token_is_over_at_its_end_and_not_before(session: Session) -> None:
    assert not session.expired(END_S - 0.001)
    assert session.expired(END_S)


def test_the_warning_comes_once_and_again_after_a_renewal(session: Session) -> None:
    assert session.take_expiry_warning(END_S - 61, 60) is None
    assert session.take_expiry_warning(END_S - 59.5, 60) == 59
    assert session.take_expiry_warning(END_S - 30, 60) is None
    session.renew(Claims("device", SPEAKER, END_S + 1000))
    assert session.take_expiry_warning(END_S, 60) is None
    assert session.take_expiry_warning(END_S + 970, 60) == 30


def test_without_a_stream_there_is_nothing_to_control(session: Session) -> None:
    with pytest.raises(NoStreamError):
        session.require_voice()
    session.close()
