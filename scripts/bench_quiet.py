"""Measure while the machine is ours: a virtual one may be taken away, and what was measured then says nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import psutil

MOST_STOLEN_PERCENT = 0.5
"""One stall of 30 ms in 3 s of two cores: a single one can be the p99 of everyone."""
MOST_TAKES = 6

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Take(Generic[Result]):
    """What was measured, and how much of all cores' time others took meanwhile; always 0 where the system does not tell."""

    result: Result
    stolen_percent: float

    @property
    def is_quiet(self) -> bool:
        """Whether it says something about us."""
        return self.stolen_percent <= MOST_STOLEN_PERCENT


def quietest(measure: Callable[[], Result], take_stock: Callable[[], tuple[float, float]]) -> Take[Result]:
    """Measure until the machine was ours meanwhile, `MOST_TAKES` times at most; gives the take with the least stolen.

    `take_stock` gives the seconds that were stolen, and that passed on all cores, since some time in the past.
    """
    takes: list[Take[Result]] = []
    while not takes or (len(takes) < MOST_TAKES and not takes[-1].is_quiet):
        stolen_s, all_s = take_stock()
        result = measure()
        stolen_after_s, all_after_s = take_stock()
        stolen_percent = 100 * (stolen_after_s - stolen_s) / max(all_after_s - all_s, 1e-9)
        takes.append(Take(result, stolen_percent))
    return min(takes, key=lambda take: take.stolen_percent)


def stock_of_time() -> tuple[float, float]:
    """Give the seconds that a hypervisor took from this machine's cores, and all of their seconds."""
    times = psutil.cpu_times()._asdict()
    # Guests' time is in the user's already.
    return times.get("steal", 0.0), sum(seconds for name, seconds in times.items() if not name.startswith("guest"))
