"""What is measured while the machine is taken away is measured again."""

from collections.abc import Iterator

import psutil
import pytest

from scripts.bench_quiet import MOST_TAKES, quietest, stock_of_time


def machine(stolen_s: list[float]) -> Iterator[tuple[float, float]]:
    """What the stock is before and after each take of ten seconds, of which so many were stolen."""
    stolen, passed = 0.0, 0.0
    for more in stolen_s:
        yield stolen, passed
        stolen, passed = stolen + more, passed + 10.0
        yield stolen, passed


@pytest.mark.parametrize(
    ("stolen_s", "chosen", "stolen_percent", "is_quiet"),
    [
        ([0.05], 0, 0.5, True),
        ([0.06, 0.0], 1, 0.0, True),
        ([5.0, 4.0, 0.01], 2, 0.1, True),
        ([5.0, 0.3, 4.0, 5.0, 1.0, 2.0], 1, 3.0, False),
    ],
)
def test_the_quietest_take_counts_and_no_more_are_made_than_needed(
    stolen_s: list[float], chosen: int, stolen_percent: float, is_quiet: bool
) -> None:
    stock, takes = machine(stolen_s), iter(range(MOST_TAKES))
    take = quietest(lambda: next(takes), lambda: next(stock))
    assert (take.result, take.stolen_percent, take.is_quiet) == (chosen, pytest.approx(stolen_percent), is_quiet)
    assert list(stock) == []


def test_the_stock_of_time_is_that_of_all_cores() -> None:
    before = psutil.cpu_times()
    stolen_s, all_s = stock_of_time()
    after = psutil.cpu_times()
    counted = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
    assert sum(getattr(before, name) for name in counted) <= all_s <= sum(getattr(after, name) for name in counted)
    assert before.steal <= stolen_s <= after.steal
