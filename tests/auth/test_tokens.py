import stat
from pathlib import Path
from typing import Any

import jwt
import pytest

from edge_server.auth.tokens import OWNER, SPEAKER, TokenDesk, load_or_create_key
from edge_server.errors import RoleForbiddenError, TokenExpiredError, TokenInvalidError, TokenMissingError

KEY = b"k" * 32
NOW_S = 1_700_000_000


@pytest.fixture
def desk() -> TokenDesk:
    return TokenDesk(KEY, 1800, lambda: NOW_S)


def body(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": "hushbox",
        "aud": "hushbox",
        "sub": "device-1",
        "role": SPEAKER,
        "iat": NOW_S,
        "exp": NOW_S + 60,
    } | changes
    return {name: value for name, value in claims.items() if value is not None}


def test_an_issued_token_is_good_until_its_end() -> None:
    now_s = [float(NOW_S)]
    desk = TokenDesk(KEY, 1800, lambda: now_s[0])
    issued = desk.issue(OWNER)
    assert desk.verify(issued.token) == issued.claims
    desk.verify_again(issued.claims)
    assert (issued.claims.role, issued.expires_in_s, issued.claims.expires_at_s) == (OWNER, 1800, NOW_S + 1800)
    now_s[0] = NOW_S + 1800
    with pytest.raises(TokenExpiredError):
        desk.verify(issued.token)
    with pytest.raises(TokenExpiredError):
        desk.verify_again(issued.claims)


def test_a_renewed_token_keeps_device_and_role() -> None:
    now_s = [float(NOW_S)]
    desk = TokenDesk(KEY, 100, lambda: now_s[0])
    first = desk.issue(OWNER)
    now_s[0] += 50
    second = desk.renew(first.claims)
    assert (second.claims.subject, second.claims.role) == (first.claims.subject, OWNER)
    assert second.claims.expires_at_s == first.claims.expires_at_s + 50


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_missing(desk: TokenDesk, token: object) -> None:
    with pytest.raises(TokenMissingError):
        desk.verify(token)


@pytest.mark.parametrize("token", ["x", "a.b.c", 17, b"bytes", {"a": 1}, "é" * 10, "a" * 100_000, "a.b.\ud800"])
def test_what_is_no_token_is_invalid(desk: TokenDesk, token: object) -> None:
    with pytest.raises(TokenInvalidError):
        desk.verify(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"aud": "other"},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"role": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float(NOW_S + 60)},
        {"role": 5},
    ],
)
def test_wrong_or_missing_claims_are_invalid(desk: TokenDesk, changes: dict[str, Any]) -> None:
    with pytest.raises(TokenInvalidError):
        desk.verify(jwt.encode(body(**changes), KEY, algorithm="HS256"))


def test_another_key_or_algorithm_is_invalid(desk: TokenDesk) -> None:
    for key, algorithm in ((b"o" * 32, "HS256"), (KEY * 2, "HS512"), (None, "none")):
        with pytest.raises(TokenInvalidError):
            desk.verify(jwt.encode(body(), key, algorithm=algorithm))


def test_a_role_that_does_not_exist_may_do_nothing(desk: TokenDesk) -> None:
    with pytest.raises(RoleForbiddenError):
        desk.verify(jwt.encode(body(role="guest"), KEY, algorithm="HS256"))
    with pytest.raises(RoleForbiddenError):
        desk.issue("guest")


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "data" / "token.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_key(path) == key


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "token.key"
    path.write_bytes(b"short")
    with pytest.raises(OSError, match="no key"):
        load_or_create_key(path)
