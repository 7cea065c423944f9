"""Whether an integer file is worth shipping instead of its float original, in one word and the reasons for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from export.bench import Speed

WORTH_IT, NOT_WORTH_IT, BROKEN = "worth it", "not worth it, keep fp32", "broken"
EXIT_CODES = {WORTH_IT: 0, NOT_WORTH_IT: 3, BROKEN: 4}

NEEDED_SPEEDUP = 1.1
"""The slowest tenth of the rounds has to be this much faster at one batch size at least: less is lost in a busy machine."""

ALLOWED_SLOWDOWN = 0.9
"""No batch size may be slower than this, measured by its median."""

SMALL_ENOUGH = 0.5
"""A file that is not faster is still worth it at half the size, if it is not slower anywhere."""

NOT_SLOWER = 0.97

ALLOWED_PESQ_LOSS = 0.1
ALLOWED_SI_SDR_LOSS_DB = 0.5


@dataclass(frozen=True)
class Quality:
    """What integers cost in sound: error of the output against fp32 in dB, and mean scores of both against clean originals.

    The scores are None without pairs of noisy and clean recordings.
    """

    error_db: float
    clips: int = 0
    fp32_si_sdr_db: float | None = None
    int8_si_sdr_db: float | None = None
    fp32_pesq_wb: float | None = None
    int8_pesq_wb: float | None = None

    @property
    def si_sdr_loss_db(self) -> float | None:
        """SI-SDR that integers lose, in dB."""
        return _difference(self.fp32_si_sdr_db, self.int8_si_sdr_db)

    @property
    def pesq_loss(self) -> float | None:
        """PESQ-WB that integers lose."""
        return _difference(self.fp32_pesq_wb, self.int8_pesq_wb)

    def to_dict(self) -> dict[str, Any]:
        """Return the quality as JSON-ready values."""
        return {**asdict(self), "si_sdr_loss_db": self.si_sdr_loss_db, "pesq_loss": self.pesq_loss}


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on. `failure` is the sentence of the rung that did not hold, or empty."""

    failure: str
    speeds: Sequence[Speed]
    fp32_bytes: int
    int8_bytes: int
    fp32_memory_bytes: int
    int8_memory_bytes: int
    quality: Quality
    integer_macs_percent: float

    def to_dict(self) -> dict[str, Any]:
        """Return the evidence as JSON-ready values."""
        return {
            "failure": self.failure,
            "speeds": [speed.to_dict() for speed in self.speeds],
            "file_bytes": {"fp32": self.fp32_bytes, "int8": self.int8_bytes},
            "memory_bytes": {"fp32": self.fp32_memory_bytes, "int8": self.int8_memory_bytes},
            "quality": self.quality.to_dict(),
            "integer_macs_percent": self.integer_macs_percent,
        }


@dataclass(frozen=True)
class Verdict:
    """The outcome, and the sentences that lead to it."""

    outcome: str
    reasons: tuple[str, ...]
    evidence: Evidence

    @property
    def good(self) -> bool:
        """Whether the file may be shipped without being forced."""
        return self.outcome == WORTH_IT

    @property
    def exit_code(self) -> int:
        """What a script gets: 0 worth it, 3 not worth it, 4 broken."""
        return EXIT_CODES[self.outcome]

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready values."""
        return {"outcome": self.outcome, "reasons": list(self.reasons), **self.evidence.to_dict()}


def judge(evidence: Evidence) -> Verdict:
    """Return the verdict on `evidence`."""
    defects = _defects(evidence)
    if defects:
        return Verdict(BROKEN, tuple(defects), evidence)
    slow = [speed for speed in evidence.speeds if speed.ratio < ALLOWED_SLOWDOWN]
    fast = [speed for speed in evidence.speeds if speed.ratio_low >= NEEDED_SPEEDUP]
    if fast and not slow:
        return Verdict(WORTH_IT, tuple(_describe(speed) for speed in evidence.speeds), evidence)
    not_slower = all(speed.ratio >= NOT_SLOWER for speed in evidence.speeds)
    if not_slower and evidence.int8_bytes <= SMALL_ENOUGH * evidence.fp32_bytes:
        share = evidence.int8_bytes / evidence.fp32_bytes
        return Verdict(WORTH_IT, (f"not slower anywhere, and the file is {share:.0%} of fp32's size",), evidence)
    return Verdict(NOT_WORTH_IT, tuple(_describe(speed) for speed in slow or evidence.speeds), evidence)


def _defects(evidence: Evidence) -> list[str]:
    defects = [evidence.failure] if evidence.failure else []
    pesq_loss, si_sdr_loss = evidence.quality.pesq_loss, evidence.quality.si_sdr_loss_db
    if pesq_loss is not None and pesq_loss > ALLOWED_PESQ_LOSS:
        defects.append(f"PESQ falls by {pesq_loss:.3f}; {ALLOWED_PESQ_LOSS} is allowed")
    if si_sdr_loss is not None and si_sdr_loss > ALLOWED_SI_SDR_LOSS_DB:
        defects.append(f"SI-SDR falls by {si_sdr_loss:.2f} dB; {ALLOWED_SI_SDR_LOSS_DB} dB is allowed")
    return defects


def _describe(speed: Speed) -> str:
    return (
        f"batch {speed.batch}: {speed.ratio:.2f} times as fast as fp32 "
        f"({speed.ratio_low:.2f} to {speed.ratio_high:.2f} in the middle 80 % of rounds)"
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else before - after
