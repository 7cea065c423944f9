"""The verdict follows from the evidence and says why."""

from dataclasses import replace

import pytest

from export.bench import Speed
from export.verdict import BROKEN, NOT_WORTH_IT, WORTH_IT, Evidence, Quality, judge


def speed(batch: int, ratio: float, spread: float = 0.05) -> Speed:
    return Speed(batch, 10 * ratio, 10.0, ratio, ratio - spread, ratio + spread)


FAST = Evidence(
    failure="",
    speeds=(speed(1, 1.5), speed(8, 2.0), speed(32, 2.5)),
    fp32_bytes=1000,
    int8_bytes=300,
    fp32_memory_bytes=5000,
    int8_memory_bytes=2000,
    quality=Quality(-35.0, 8, 15.0, 14.9, 2.50, 2.49),
    integer_macs_percent=100.0,
)


def test_faster_and_equal_is_worth_it() -> None:
    verdict = judge(FAST)
    assert (verdict.outcome, verdict.exit_code) == (WORTH_IT, 0)
    assert "batch 32: 2.50 times as fast" in verdict.reasons[-1]


@pytest.mark.parametrize(
    ("speeds", "int8_bytes", "outcome"),
    [
        ((speed(1, 0.7), speed(8, 2.0)), 300, NOT_WORTH_IT),
        ((speed(1, 1.0), speed(8, 1.02)), 900, NOT_WORTH_IT),
        ((speed(1, 1.3, spread=0.4), speed(8, 1.3, spread=0.4)), 900, NOT_WORTH_IT),
        ((speed(1, 1.0), speed(8, 1.02)), 300, WORTH_IT),
    ],
)
def test_speed_has_to_stand_out_of_its_spread(speeds: tuple[Speed, ...], int8_bytes: int, outcome: str) -> None:
    verdict = judge(replace(FAST, speeds=speeds, int8_bytes=int8_bytes))
    assert verdict.outcome == outcome
    assert verdict.exit_code == (0 if outcome == WORTH_IT else 3)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"failure": "alone = batched: differs by 1"}, "alone = batched"),
        ({"quality": Quality(-35.0, 8, 15.0, 15.0, 2.50, 2.30)}, "PESQ falls by 0.200"),
        ({"quality": Quality(-35.0, 8, 15.0, 14.0, 2.50, 2.50)}, "SI-SDR falls by 1.00 dB"),
    ],
)
def test_a_defect_is_broken_however_fast(change: dict[str, object], sentence: str) -> None:
    verdict = judge(replace(FAST, **change))  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.exit_code) == (BROKEN, 4)
    assert sentence in verdict.reasons[0]
