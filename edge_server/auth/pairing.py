"""The one-time PIN that buys a token."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Callable

from edge_server.errors import PinLockedError, PinWrongError

PIN_DIGITS = 6
LONGEST_LOCKOUT_S = 3600.0


def new_pin() -> str:
    """Six random decimal digits."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


class PairingDesk:
    """Accepts each PIN once; replaces it after use and after too many wrong tries, which also lock the desk,
    every time for twice as long until a PIN is right.

    `clock` gives seconds that never go back; `on_new_pin` hears every new PIN after the first.
    """

    def __init__(
        self, tries: int, lockout_s: float, clock: Callable[[], float], on_new_pin: Callable[[str], None]
    ) -> None:
        self._tries = tries
        self._lockout_s = lockout_s
        self._clock = clock
        self._on_new_pin = on_new_pin
        self._wrong = 0
        self._lockouts = 0
        self._locked_until_s = clock()
        self.pin = new_pin()

    @property
    def locked_for_s(self) -> int:
        """Whole seconds until pairing opens again; 0 when it is open."""
        return max(0, math.ceil(self._locked_until_s - self._clock()))

    def redeem(self, pin: str) -> None:
        """Accept the PIN, once. Raises `PinLockedError` and `PinWrongError`. Mutates: the PIN and the count of wrong tries."""
        if self.locked_for_s:
            locked_for_s = self.locked_for_s
            raise PinLockedError(f"Too many wrong PINs. Try again in {locked_for_s} seconds.", locked_for_s)
        if not pin.isascii() or not hmac.compare_digest(pin.encode(), self.pin.encode()):
            self._count_wrong()
            raise PinWrongError("This is not the PIN that the box shows now.")
        self._lockouts = 0
        self._replace()

    def _count_wrong(self) -> None:
        self._wrong += 1
        if self._wrong >= self._tries:
            lockout_s = min(self._lockout_s * 2**self._lockouts, max(self._lockout_s, LONGEST_LOCKOUT_S))
            self._locked_until_s = self._clock() + lockout_s
            self._lockouts += 1
            self._replace()

    def _replace(self) -> None:
        self._wrong = 0
        self.pin = new_pin()
        self._on_new_pin(self.pin)
