"""Signed tokens of the front desk: JWT, HS256 and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jwt
from jwt.types import Options

from edge_server.errors import RoleForbiddenError, TokenExpiredError, TokenInvalidError, TokenMissingError
from edge_server.whole_file import write_whole

ALGORITHM = "HS256"
ISSUER = "hushbox"
AUDIENCE = "hushbox"
SPEAKER = "speaker"
OWNER = "owner"
ROLES = (SPEAKER, OWNER)
KEY_BYTES = 32
MAX_TOKEN_CHARACTERS = 2048


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: a random device name, its role, and its end in Unix seconds."""

    subject: str
    role: str
    expires_at_s: int


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token with what it says."""

    token: str
    expires_in_s: int
    claims: Claims


def load_or_create_key(path: Path) -> bytes:
    """The signing key in `path`; the first call makes it, readable by its owner only. Raises `OSError`."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, secrets.token_bytes(KEY_BYTES), 0o600)
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise OSError(f"{path} holds no key; remove it to get a new one.")
    return key


class TokenDesk:
    """Issues, verifies and renews tokens. `clock` gives Unix seconds."""

    def __init__(self, key: bytes, ttl_s: int, clock: Callable[[], float]) -> None:
        self._key = key
        self._ttl_s = ttl_s
        self._clock = clock

    def issue(self, role: str, subject: str | None = None, ttl_s: int | None = None) -> IssuedToken:
        """A new token. Raises `RoleForbiddenError` for a role that does not exist."""
        if role not in ROLES:
            raise RoleForbiddenError(f"There is no role {role!r}; the roles are {' and '.join(ROLES)}.")
        lifetime_s = self._ttl_s if ttl_s is None else ttl_s
        now_s = int(self._clock())
        claims = Claims(subject or f"device-{secrets.token_hex(6)}", role, now_s + lifetime_s)
        body = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "role": role,
            "iat": now_s,
            "exp": claims.expires_at_s,
        }
        return IssuedToken(jwt.encode(body, self._key, algorithm=ALGORITHM), lifetime_s, claims)

    def verify(self, token: object) -> Claims:
        """What the token says. Raises `TokenMissingError`, `TokenInvalidError`, `TokenExpiredError`, `RoleForbiddenError`."""
        if token is None or token == "":
            raise TokenMissingError("A token is needed here: pair this device with the PIN that the box shows.")
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenInvalidError("This is not a token of this box.")
        claims = self._read(token)
        if claims.expires_at_s <= self._clock():
            raise TokenExpiredError("The token has expired: pair this device again.")
        return claims

    def renew(self, claims: Claims) -> IssuedToken:
        """A fresh token for the same device and role."""
        return self.issue(claims.role, claims.subject)

    def _read(self, token: str) -> Claims:
        # The deadline is compared with the clock of this desk, so PyJWT only checks that it is there.
        options: Options = {
            "require": ["iss", "aud", "exp", "iat", "sub", "role"],
            "verify_exp": False,
            "verify_iat": False,
        }
        try:
            body = jwt.decode(
                token, self._key, algorithms=[ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options=options
            )
        except jwt.InvalidTokenError as error:
            raise TokenInvalidError("This is not a token of this box.") from error
        role, deadline = body["role"], body["exp"]
        if not isinstance(role, str) or type(deadline) is not int:
            raise TokenInvalidError("This is not a token of this box.")
        if role not in ROLES:
            raise RoleForbiddenError("The role of this token may do nothing on this box.")
        return Claims(str(body["sub"]), role, deadline)
