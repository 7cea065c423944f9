"""When the next batch runs: at once when few speak, a little later when many do. Pure: the clock is an argument."""

from dataclasses import dataclass

LARGEST_WAIT_S = 0.003
"""No live frame waits longer than this for company: less than a sixth of a 20 ms packet."""
TARGET_UTILISATION = 0.55
"""The share of the engine's time that runs may take before batches are let grow: what is left absorbs bursts."""
_RATE_WINDOW_S = 0.25


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a model run of n frames takes: `fixed_s + n * frame_s`."""

    fixed_s: float
    frame_s: float

    def run_s(self, frames: int) -> float:
        """The time of a run of so many frames, in seconds."""
        return self.fixed_s + frames * self.frame_s


NO_COST = RunCost(0.0, 0.0)
"""Before anything was measured: every batch runs at once."""


class BatchPacer:
    """Decides how long the engine waits for more frames before it runs those that it has.

    A run costs a fixed time and a time for each frame. While the frames of those who speak, run one by one as they
    come, take less than `TARGET_UTILISATION` of the engine, nobody waits: so a lone session is never delayed. Beyond
    that, batches grow just so far that they stay within it, and no frame waits longer than `LARGEST_WAIT_S`, nor
    into the time that its run needs before its deadline.

    Thread: one, the engine's.
    """

    def __init__(self, cost: RunCost, max_batch: int) -> None:
        self.cost = cost
        self._max_batch = max_batch
        self._counted = 0
        self._window_began_s: float | None = None
        self.frames_per_s = 0.0

    def count(self, frames: int, now_s: float) -> None:
        """Hear that so many frames of live streams came."""
        if self._window_began_s is None:
            self._window_began_s = now_s
        self._counted += frames
        elapsed_s = now_s - self._window_began_s
        if elapsed_s >= _RATE_WINDOW_S:
            self.frames_per_s = self._counted / elapsed_s
            self._counted, self._window_began_s = 0, now_s

    @property
    def wanted_batch(self) -> int:
        """How many frames a batch should have at the present rate."""
        spare = TARGET_UTILISATION - self.frames_per_s * self.cost.frame_s
        if spare <= 0:
            return self._max_batch
        return min(self._max_batch, max(1, round(self.frames_per_s * self.cost.fixed_s / spare)))

    def wait_s(self, waiting: int, oldest_s: float, deadline_s: float, now_s: float) -> float:
        """How long to wait before the next run; 0 is at once.

        `waiting` frames could run now, the oldest of which came at `oldest_s`; the first is due at `deadline_s`.
        """
        missing = self.wanted_batch - waiting
        if missing <= 0:
            return 0.0
        until_full_s = missing / self.frames_per_s
        until_old_s = oldest_s + LARGEST_WAIT_S - now_s
        until_due_s = deadline_s - 2 * self.cost.run_s(self._max_batch) - now_s
        return max(0.0, min(until_full_s, until_old_s, until_due_s))


def batch_bucket(frames: int) -> int:
    """The rows of a run of so many frames: up to 8 as they are, then whole fours.

    onnxruntime plans its memory anew for every shape it meets, and its kernels work on several rows at once.
    """
    return frames if frames <= 8 else -(-frames // 4) * 4
