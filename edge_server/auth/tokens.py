"""Signed tokens of the front desk: JWT, HS256 and nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import jwt
from jwt.types import Options

from edge_server.errors import (
    HushboxError,
    RoleForbiddenError,
    TokenExpiredError,
    TokenInvalidError,
    TokenMissingError,
    TokenRevokedError,
)
from edge_server.whole_file import write_whole

ALGORITHM = "HS256"
ISSUER = "hushbox"
AUDIENCE = "hushbox"
SPEAKER = "speaker"
LISTENER = "listener"
OWNER = "owner"
ROLES = (SPEAKER, LISTENER, OWNER)
KEY_BYTES = 32
MAX_TOKEN_CHARACTERS = 2048


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says: a random device name, its role, and its end in Unix seconds.

    A token that an invitation has bought names it, cannot be renewed beyond its end, and may be good for one room only.
    """

    subject: str
    role: str
    expires_at_s: int
    invitation_id: str | None = None
    invitation_ends_at_s: int | None = None
    room_id: str | None = None

    def require_role(self, *roles: str) -> None:
        """Raise `RoleForbiddenError` unless the role is one of these."""
        if self.role not in roles:
            raise RoleForbiddenError(f"This is not for a {self.role}.")


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
    """Issues, verifies and renews tokens. `clock` gives Unix seconds; `is_revoked` knows the tokens taken back."""

    def __init__(
        self,
        key: bytes,
        ttl_s: int,
        clock: Callable[[], float],
        is_revoked: Callable[[Claims], bool] = lambda claims: False,
    ) -> None:
        self._key = key
        self._ttl_s = ttl_s
        self._clock = clock
        self._is_revoked = is_revoked

    def issue(self, role: str, subject: str | None = None, ttl_s: int | None = None) -> IssuedToken:
        """A new token. Raises `RoleForbiddenError` for a role that does not exist."""
        if role not in ROLES:
            raise RoleForbiddenError(f"There is no role {role!r}; the roles are {', '.join(ROLES)}.")
        return self._sign(Claims(subject or _new_device(), role, 0), self._ttl_s if ttl_s is None else ttl_s)

    def issue_invited(
        self, role: str, invitation_id: str, left_s: int, room_id: str | None, subject: str | None = None
    ) -> IssuedToken:
        """A token bought with an invitation that ends in `left_s`. Raises `TokenExpiredError` when it has ended."""
        ends_at_s = int(self._clock()) + left_s
        return self._sign(Claims(subject or _new_device(), role, 0, invitation_id, ends_at_s, room_id), self._ttl_s)

    def device_of(self, token: object) -> str | None:
        """The device that an earlier token of this box names, expired or not; None for anything else.

        Whoever buys a new token may so stay the same device, to which its files belong.
        """
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
            return None
        try:
            claims = self._read(token)
        except HushboxError:
            return None
        return None if self._is_revoked(claims) else claims.subject

    def verify(self, token: object) -> Claims:
        """What the token says. Raises `TokenMissingError`, `TokenInvalidError`, `TokenExpiredError`, `RoleForbiddenError`."""
        if token is None or token == "":
            raise TokenMissingError("A token is needed here: pair this device with the PIN that the box shows.")
        if not isinstance(token, str) or len(token) > MAX_TOKEN_CHARACTERS:
            raise TokenInvalidError("This is not a token of this box.")
        claims = self._read(token)
        self.verify_again(claims)
        return claims

    def verify_again(self, claims: Claims) -> None:
        """Hold that a token which was verified before, and said this, is still good.

        Its signature could say nothing new, and would be a third of the work of a small event. Raises
        `TokenExpiredError`, `TokenRevokedError`.
        """
        if claims.expires_at_s <= self._clock():
            raise TokenExpiredError("The token has expired: pair this device again.")
        if self._is_revoked(claims):
            raise TokenRevokedError("The owner of this box has taken this token back.")

    def renew(self, claims: Claims) -> IssuedToken:
        """A fresh token for the same device and role. Raises `TokenExpiredError` when its invitation has ended."""
        return self._sign(claims, self._ttl_s)

    def _sign(self, claims: Claims, lifetime_s: int) -> IssuedToken:
        now_s = int(self._clock())
        if claims.invitation_ends_at_s is not None:
            lifetime_s = min(lifetime_s, claims.invitation_ends_at_s - now_s)
            if lifetime_s <= 0:
                raise TokenExpiredError("The invitation of this device has ended.")
        claims = replace(claims, expires_at_s=now_s + lifetime_s)
        body = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": claims.subject,
            "role": claims.role,
            "iat": now_s,
            "exp": claims.expires_at_s,
        }
        invited = {"inv": claims.invitation_id, "inv_exp": claims.invitation_ends_at_s, "room": claims.room_id}
        body |= {name: value for name, value in invited.items() if value is not None}
        return IssuedToken(jwt.encode(body, self._key, algorithm=ALGORITHM), lifetime_s, claims)

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
        except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
            raise TokenInvalidError("This is not a token of this box.") from error
        role, deadline = body["role"], body["exp"]
        if not isinstance(role, str) or type(deadline) is not int:
            raise TokenInvalidError("This is not a token of this box.")
        if role not in ROLES:
            raise RoleForbiddenError("The role of this token may do nothing on this box.")
        return Claims(str(body["sub"]), role, deadline, body.get("inv"), body.get("inv_exp"), body.get("room"))


def _new_device() -> str:
    return f"device-{secrets.token_hex(6)}"
