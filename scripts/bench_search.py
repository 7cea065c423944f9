"""How many sessions a server carries, in few tries. Pure: trying is an argument."""

from collections.abc import Callable
from typing import Protocol, TypeVar


class Tried(Protocol):
    """What came of a load."""

    @property
    def sessions(self) -> int:
        """How many sessions it had."""

    @property
    def sustained(self) -> bool:
        """Whether the server carried them."""


TriedT = TypeVar("TriedT", bound=Tried)


def asked_or_largest(asked: int, load: Callable[[int], TriedT]) -> TriedT:
    """Give the load that was asked for if it is sustained, else the largest that is found to be, else that one after all."""
    first = load(asked)
    if first.sustained or asked == 1:
        return first
    return largest_sustained(load, asked // 2, asked - 1, too_many=asked) or first


def largest_sustained(
    load: Callable[[int], TriedT], first_try: int, most: int, too_many: int | None = None
) -> TriedT | None:
    """Give the largest load up to `most` sessions that is sustained, within an eighth; None when not even one is.

    `too_many` is known not to be sustained. Without it, tries are doubled until one is too much; then they halve what
    is left.
    """
    best: TriedT | None = None
    count = max(1, min(first_try, most))
    while True:
        result = load(count)
        if result.sustained:
            best = result
        else:
            too_many = count
        carried = best.sessions if best else 0
        if too_many is None:
            if carried >= most:
                return best
            count = min(2 * carried, most)
        elif too_many - carried <= max(1, carried // 8):
            return best
        else:
            count = (carried + too_many) // 2
