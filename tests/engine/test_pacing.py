"""When batches run, on a clock of our own."""

import pytest

from edge_server.engine.batcher import Batcher
from edge_server.engine.pacing import LARGEST_WAIT_S, TARGET_UTILISATION, BatchPacer, RunCost, batch_bucket
from edge_server.engine.stream_handle import Priority

COST = RunCost(200e-6, 25e-6)
HOP_S = 0.016
DEADLINE_S = 0.06


def pacer_at(frames_per_s: float, max_batch: int = 64) -> BatchPacer:
    pacer = BatchPacer(COST, max_batch)
    pacer.count(0, 0.0)
    pacer.count(round(frames_per_s), 1.0)
    return pacer


@pytest.mark.parametrize("sessions", [1, 2, 10])
def test_few_sessions_never_wait(sessions: int) -> None:
    pacer = pacer_at(sessions / HOP_S)
    assert pacer.wanted_batch == 1
    assert pacer.wait_s(1, 10.0, 10.06, 10.0) == 0


def test_before_anything_is_known_nobody_waits() -> None:
    assert BatchPacer(COST, 64).wait_s(1, 10.0, 10.06, 10.0) == 0


def test_batches_grow_with_the_crowd_and_no_further() -> None:
    wanted = [pacer_at(sessions / HOP_S).wanted_batch for sessions in (50, 100, 150, 200, 250, 1000)]
    assert wanted == sorted(wanted)
    assert wanted[0] < 8
    assert wanted[-1] == 64


def test_nobody_waits_longer_than_agreed_nor_into_the_deadline() -> None:
    pacer = pacer_at(4000)
    assert pacer.wait_s(1, 10.0, 99.0, 10.0) <= LARGEST_WAIT_S
    assert pacer.wait_s(1, 10.0, 99.0, 10.0 + LARGEST_WAIT_S) == 0
    assert pacer.wait_s(1, 10.0, 10.002, 10.0) == 0
    assert pacer.wait_s(pacer.wanted_batch, 10.0, 99.0, 10.0) == 0


def test_buckets_hold_what_they_are_asked_for_and_waste_little() -> None:
    assert [batch_bucket(n) for n in (1, 2, 7, 8, 9, 12, 13, 63, 64)] == [1, 2, 7, 8, 12, 12, 16, 64, 64]
    assert len({batch_bucket(n) for n in range(1, 65)}) == 22


class Simulation:
    """An engine whose runs take what `COST` says, on a simulated clock, with sessions that speak out of step."""

    def __init__(self, live: int, files: int = 0) -> None:
        self.pacer = BatchPacer(COST, 64)
        self.batcher: Batcher[tuple[int, float]] = Batcher(frames_at_once=4)
        self.arrivals = sorted(
            (number * HOP_S + HOP_S * stream / live, stream) for number in range(120) for stream in range(live)
        )
        for stream in range(live + files):
            self.batcher.open(stream, Priority.LIVE if stream < live else Priority.FILE)
        self.files = range(live, live + files)
        self.now_s = 0.0
        self.waits_s: list[float] = []
        self.batches: list[int] = []
        self.file_frames = 0
        self.late = 0

    def run(self) -> "Simulation":
        while self.arrivals or self.batcher.first_live is not None:
            self._arrive()
            for stream in self.files:
                # A file always has more frames.
                self.batcher.close(stream)
                self.batcher.open(stream, Priority.FILE)
                for _ in range(8):
                    self.batcher.push(stream, (stream, self.now_s), float("inf"))
            first = self.batcher.first_live
            if first is None and not self.files:
                self.now_s = self.arrivals[0][0]
                continue
            if first is not None:
                self.now_s += self.pacer.wait_s(self.batcher.ready, first[1], first[1] + DEADLINE_S, self.now_s)
                self._arrive()
            self._tick()
        return self

    def _arrive(self) -> None:
        came = 0
        while self.arrivals and self.arrivals[0][0] <= self.now_s:
            at_s, stream = self.arrivals.pop(0)
            self.batcher.push(stream, (stream, at_s), at_s + DEADLINE_S)
            came += 1
        if came:
            self.pacer.count(came, self.now_s)

    def _tick(self) -> None:
        batch = self.batcher.next_batch(self.now_s, 64)
        live = [turn for turn in batch if turn.stream_id not in self.files]
        live_frames = [frame for turn in live for frame in turn.frames]
        frames = sum(len(turn.frames) for turn in batch)
        self.file_frames += frames - len(live_frames)
        self.late += sum(turn.late for turn in live)
        self.now_s += COST.run_s(frames)
        self.batches.append(len(live_frames))
        self.waits_s += [self.now_s - arrived_s for _, arrived_s in live_frames]


def test_a_lone_session_has_its_frame_after_one_run() -> None:
    simulation = Simulation(1).run()
    assert max(simulation.waits_s) == pytest.approx(COST.run_s(1))


@pytest.mark.parametrize("sessions", [10, 100, 200, 300])
def test_a_crowd_is_served_in_time(sessions: int) -> None:
    simulation = Simulation(sessions).run()
    assert simulation.late == 0
    assert max(simulation.waits_s) < LARGEST_WAIT_S + 2 * COST.run_s(64)


def test_a_crowd_costs_less_in_batches() -> None:
    simulation = Simulation(200).run()
    busy_s = sum(COST.run_s(batch) for batch in simulation.batches)
    # The share is kept on average; bursts of arrivals go over it.
    assert busy_s / simulation.now_s < 1.15 * TARGET_UTILISATION
    # One by one, as they come, they would take more than there is.
    assert 200 / HOP_S * COST.run_s(1) > 2


def test_files_use_what_is_left_and_delay_nobody_by_more_than_one_batch() -> None:
    alone, beside = Simulation(50).run(), Simulation(50, files=4).run()
    # Each of them twenty times as fast as it was spoken, at least.
    assert beside.file_frames > 4 * 20 * beside.now_s / HOP_S
    assert beside.late == 0
    assert max(beside.waits_s) <= max(alone.waits_s) + COST.run_s(64)
