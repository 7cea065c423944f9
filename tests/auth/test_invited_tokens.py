"""Tokens that were bought with an invitation, and tokens that were taken back."""

import pytest

from edge_server.auth.tokens import LISTENER, SPEAKER, Claims, TokenDesk
from edge_server.errors import RoleForbiddenError, TokenExpiredError, TokenRevokedError

KEY = bytes(32)
NOW_S = 1_000_000.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def test_an_invited_token_says_where_it_came_from_and_no_renewal_outlives_that() -> None:
    clock = Clock()
    desk = TokenDesk(KEY, 600, clock)
    issued = desk.issue_invited(LISTENER, "i-1", 900, "r-1")
    claims = desk.verify(issued.token)
    assert (claims.role, claims.invitation_id, claims.room_id) == (LISTENER, "i-1", "r-1")
    assert issued.expires_in_s == 600
    clock.now_s += 500
    renewed = desk.renew(claims)
    assert renewed.expires_in_s == 400
    assert desk.verify(renewed.token).subject == claims.subject
    clock.now_s += 400
    with pytest.raises(TokenExpiredError):
        desk.renew(claims)
    with pytest.raises(TokenExpiredError):
        desk.verify(renewed.token)


def test_an_invitation_that_is_over_buys_nothing() -> None:
    with pytest.raises(TokenExpiredError):
        TokenDesk(KEY, 600, Clock()).issue_invited(SPEAKER, "i-1", 0, None)


def test_a_token_that_was_taken_back_is_refused_though_its_signature_is_good() -> None:
    revoked: set[str] = set()

    def is_revoked(claims: Claims) -> bool:
        return claims.subject in revoked

    desk = TokenDesk(KEY, 600, Clock(), is_revoked)
    issued = desk.issue(SPEAKER)
    desk.verify(issued.token)
    revoked.add(issued.claims.subject)
    with pytest.raises(TokenRevokedError):
        desk.verify(issued.token)
    with pytest.raises(TokenRevokedError):
        desk.verify_again(issued.claims)


def test_a_role_is_asked_for_by_name() -> None:
    claims = TokenDesk(KEY, 600, Clock()).issue(LISTENER).claims
    claims.require_role(SPEAKER, LISTENER)
    with pytest.raises(RoleForbiddenError, match="listener"):
        claims.require_role(SPEAKER)


def test_who_had_a_token_before_stays_the_same_device() -> None:
    clock = Clock()
    revoked: set[str] = set()
    desk = TokenDesk(KEY, 600, clock, lambda claims: claims.subject in revoked)
    before = desk.issue(SPEAKER)
    clock.now_s += 10_000
    assert desk.device_of(before.token) == before.claims.subject
    again = desk.issue_invited(SPEAKER, "i-1", 900, None, desk.device_of(before.token))
    assert again.claims.subject == before.claims.subject
    forged = TokenDesk(bytes(31) + b"x", 600, clock).issue(SPEAKER, before.claims.subject).token
    for nothing in (None, "", 7, "x.y.z", "\ud800", forged, "x" * 5000):
        assert desk.device_of(nothing) is None
    revoked.add(before.claims.subject)
    assert desk.device_of(before.token) is None
