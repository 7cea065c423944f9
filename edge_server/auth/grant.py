"""What the token of someone who is connected says now."""

from __future__ import annotations

from edge_server.auth.tokens import Claims


class Grant:
    """What a verified token says, its renewals, and its end."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self._warned = False

    def renew(self, claims: Claims) -> None:
        """Go on with a fresh token."""
        self.claims = claims
        self._warned = False

    def expired(self, unix_s: float) -> bool:
        """Whether the token is past its end."""
        return self.claims.expires_at_s <= unix_s

    def take_expiry_warning(self, unix_s: float, warning_s: float) -> int | None:
        """The seconds left, once, when the end of the token is nearer than `warning_s`."""
        left_s = self.claims.expires_at_s - unix_s
        if self._warned or left_s > warning_s:
            return None
        self._warned = True
        return max(0, int(left_s))
