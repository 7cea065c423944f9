import pytest

from edge_server.auth.pairing import PairingDesk
from edge_server.errors import PinLockedError, PinWrongError

LOCKOUT_S = 60.0
TRIES = 5


class Desk:
    """A pairing desk with a clock in the test's hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.shown: list[str] = []
        self.pairing = PairingDesk(TRIES, LOCKOUT_S, lambda: self.now_s, self.shown.append)

    def wrong_pin(self) -> str:
        """Give a PIN that is not the one of now."""
        return f"{(int(self.pairing.pin) + 1) % 10**6:06d}"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_pin_is_six_digits(desk: Desk) -> None:
    assert len(desk.pairing.pin) == 6
    assert desk.pairing.pin.isdigit()


def test_a_pin_is_good_once(desk: Desk) -> None:
    pin = desk.pairing.pin
    desk.pairing.redeem(pin)
    assert desk.shown == [desk.pairing.pin]
    if desk.pairing.pin != pin:
        with pytest.raises(PinWrongError):
            desk.pairing.redeem(pin)


def test_a_few_wrong_tries_leave_the_pin_good(desk: Desk) -> None:
    for _ in range(TRIES - 1):
        with pytest.raises(PinWrongError):
            desk.pairing.redeem(desk.wrong_pin())
    desk.pairing.redeem(desk.pairing.pin)


def test_too_many_wrong_tries_replace_the_pin_and_lock_the_desk(desk: Desk) -> None:
    for _ in range(TRIES):
        with pytest.raises(PinWrongError):
            desk.pairing.redeem(desk.wrong_pin())
    assert desk.shown == [desk.pairing.pin]
    with pytest.raises(PinLockedError, match="60 seconds"):
        desk.pairing.redeem(desk.pairing.pin)
    desk.now_s += LOCKOUT_S - 0.5
    with pytest.raises(PinLockedError):
        desk.pairing.redeem(desk.pairing.pin)
    desk.now_s += 0.5
    desk.pairing.redeem(desk.pairing.pin)


def test_every_lockout_is_twice_as_long_until_a_pin_is_right(desk: Desk) -> None:
    lockouts = []
    for _ in range(9):
        for _ in range(TRIES):
            with pytest.raises(PinWrongError):
                desk.pairing.redeem(desk.wrong_pin())
        lockouts.append(desk.pairing.locked_for_s)
        desk.now_s += desk.pairing.locked_for_s
    assert lockouts == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    desk.pairing.redeem(desk.pairing.pin)
    for _ in range(TRIES):
        with pytest.raises(PinWrongError):
            desk.pairing.redeem(desk.wrong_pin())
    assert desk.pairing.locked_for_s == 60


@pytest.mark.parametrize("pin", ["", "0", "abcdef", "１２３４５６", "000000000000", "\ud800"])
def test_what_is_no_pin_is_a_wrong_pin(desk: Desk, pin: str) -> None:
    with pytest.raises(PinWrongError):
        desk.pairing.redeem(pin)
