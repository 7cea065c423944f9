"""One tick of the engine: frames of many streams through STFT, model and overlap-add."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.pcm import to_s16le
from edge_server.audio.pcm_audio import Hop
from edge_server.audio.stft import Complex64, Float32, Slots
from edge_server.engine.batcher import Batcher, Ready
from edge_server.engine.denoiser import Denoiser
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import BatchPacer, batch_bucket
from edge_server.engine.rate_bank import RateBank
from edge_server.engine.state_pool import SlotRef, StatePool
from edge_server.engine.stats import QUEUE_AGE_BOUNDS_S, EngineConfig, EngineStats
from edge_server.engine.stream_handle import Result, StreamHandle
from edge_server.errors import EngineFailedError


class SubmittedFrame(NamedTuple):
    """One hop of a stream on its way in, with the suppression floor that was wanted when it was submitted."""

    handle: StreamHandle
    hop: Hop
    floor: float
    deadline_s: float
    submitted_s: float


@dataclass(slots=True)
class _Group:
    """The frames of a batch that share rate and form: those on time first, which own `rows` of the model's batch."""

    bank: RateBank
    frames: list[Ready[SubmittedFrame]]
    slots: Slots
    rows: slice
    on_time: int
    dry: Complex64


class Pipeline:
    """State pool, rate banks, batcher and model of an engine.

    `last_error` says why the latest run that failed did. Thread: one, the engine's; only `stats` and `last_error` may be
    read from any.
    """

    def __init__(self, model: ModelFile, config: EngineConfig) -> None:
        self._model = model
        self._config = config
        self._denoiser = Denoiser(model)
        self._pool = StatePool(model.facts.states, config.max_streams + config.max_file_streams)
        self._states = self._pool.batch_buffers(config.max_batch)
        self._spectrum = np.empty((config.max_batch, model.facts.bins, 2), np.float32)
        self._batcher: Batcher[SubmittedFrame] = Batcher()
        self._banks: dict[int, RateBank] = {}
        self._slots: dict[int, SlotRef] = {}
        self._counts: Counter[str] = Counter()
        self._batch_sizes = [0] * (config.max_batch + 1)
        self._queue_ages = [0] * (len(QUEUE_AGE_BOUNDS_S) + 1)
        self._queue_age_sum_s = 0.0
        self.last_error: str | None = None
        self._run_time_s = 0.0

    def wait_s(self, pacer: BatchPacer, now_s: float) -> float:
        """How long the next batch should wait for more frames; 0 is at once."""
        first = self._batcher.first_live
        if first is None:
            return 0.0
        return pacer.wait_s(self._batcher.ready, first.submitted_s, first.deadline_s, now_s)

    def open(self, handle: StreamHandle, floor: float) -> None:
        """Give a stream a slot with zero states, silent history and its suppression floor."""
        slot = self._pool.acquire()
        self._slots[handle.stream_id] = slot
        self._bank(handle).clear(slot.index, floor)
        self._batcher.open(handle.stream_id, handle.priority)

    def close(self, handle: StreamHandle) -> None:
        """Discard a stream's waiting frames and give its slot back."""
        self._batcher.close(handle.stream_id)
        self._pool.release(self._slots.pop(handle.stream_id))

    def hush(self, handle: StreamHandle, successor: StreamHandle) -> None:
        """Discard a stream's waiting frames and let its past be silence; its slot and states go to the successor."""
        self._batcher.close(handle.stream_id)
        self._batcher.open(successor.stream_id, successor.priority)
        slot = self._slots.pop(handle.stream_id)
        self._slots[successor.stream_id] = slot
        self._bank(handle).hush(slot.index)

    def enqueue(self, frame: SubmittedFrame) -> None:
        """Let a frame wait for its turn."""
        self._batcher.push(frame.handle.stream_id, frame, frame.deadline_s)

    def tick(self, now_s: float) -> list[Result]:
        """Run the next batch and give its finished hops; an empty list when no frame waits.

        Late frames, and all frames of a failed run, pass dry through the same overlap-add, which cross-fades; the
        states of their streams stay as they were.
        """
        batch = self._batcher.next_batch(now_s, self._config.max_batch)
        if not batch:
            return []
        started_s = perf_counter()
        self._count_age(now_s - batch[0].frame.submitted_s)
        groups = self._analyse(batch)
        ran = self._denoise(groups)
        results = [result for group in groups for result in self._synthesise(group, ran)]
        self._counts["frames"] += len(results)
        self._counts["late_frames"] += sum(result.late for result in results)
        self._run_time_s += perf_counter() - started_s
        return results

    def probe(self) -> None:
        """Run one frame of silence through the model, on no stream's state; raises EngineFailedError."""
        states = {state.name: np.zeros((1, *state.shape), np.float32) for state in self._model.facts.states}
        self._denoiser.run(np.zeros((1, self._model.facts.bins, 2), np.float32), states)

    def stats(self, running: bool, live_streams: int, file_streams: int) -> EngineStats:
        """Give the counters so far. Thread: any."""
        return EngineStats(
            running=running,
            live_streams=live_streams,
            file_streams=file_streams,
            queued_frames=len(self._batcher),
            queue_ages=tuple(self._queue_ages),
            queue_age_sum_s=self._queue_age_sum_s,
            frames=self._counts["frames"],
            late_frames=self._counts["late_frames"],
            failed_runs=self._counts["failed_runs"],
            batch_sizes=tuple(self._batch_sizes),
            run_time_s=self._run_time_s,
        )

    def _bank(self, handle: StreamHandle) -> RateBank:
        rate_hz = handle.geometry.engine_rate_hz
        if rate_hz not in self._banks:
            self._banks[rate_hz] = RateBank(handle.geometry, self._pool.slots, self._config.max_batch)
        return self._banks[rate_hz]

    def _analyse(self, batch: list[Ready[SubmittedFrame]]) -> list[_Group]:
        by_form: dict[tuple[int, bool], list[Ready[SubmittedFrame]]] = {}
        for late in (False, True):
            for ready in batch:
                if ready.late is late:
                    handle = ready.frame.handle
                    by_form.setdefault((handle.geometry.engine_rate_hz, handle.pcm), []).append(ready)
        groups: list[_Group] = []
        row = 0
        for (rate_hz, _), frames in by_form.items():
            slots = np.array([self._slot(ready.stream_id) for ready in frames], np.intp)
            on_time = sum(not ready.late for ready in frames)
            rows = slice(row, row + on_time)
            hops: Any = [ready.frame.hop for ready in frames]
            dry = self._banks[rate_hz].analyse(slots, hops, self._spectrum[rows])
            groups.append(_Group(self._banks[rate_hz], frames, slots, rows, on_time, dry))
            row += on_time
        return groups

    def _slot(self, stream_id: int) -> int:
        slot = self._slots[stream_id]
        self._pool.check(slot)
        return slot.index

    def _denoise(self, groups: list[_Group]) -> bool:
        slots: NDArray[np.intp] = np.concatenate([group.slots[: group.on_time] for group in groups])
        if not len(slots):
            return False
        self._batch_sizes[len(slots)] += 1
        spectrum = self._spectrum[: len(slots)]
        clean = self._run(slots)
        if clean is None:
            return False
        for group in groups:
            if group.on_time:
                floors = [ready.frame.floor for ready in group.frames[: group.on_time]]
                group.bank.apply(
                    group.slots[: group.on_time],
                    group.dry[: group.on_time],
                    spectrum[group.rows],
                    clean[group.rows],
                    floors,
                )
        return True

    def _run(self, slots: Slots) -> Float32 | None:
        rows = min(batch_bucket(len(slots)), self._config.max_batch)
        # What fills a bucket up is the last stream again, whose second result nobody takes.
        padded = np.concatenate((slots, np.repeat(slots[-1:], rows - len(slots))))
        self._spectrum[len(slots) : rows] = self._spectrum[len(slots) - 1]
        try:
            clean, states = self._denoiser.run(self._spectrum[:rows], self._pool.gather(padded, self._states))
        except EngineFailedError as error:
            self._counts["failed_runs"] += 1
            self.last_error = error.message
            return None
        self._pool.scatter(slots, {name: rows[: len(slots)] for name, rows in states.items()})
        return clean[: len(slots)]

    def _count_age(self, age_s: float) -> None:
        self._queue_ages[bisect_left(QUEUE_AGE_BOUNDS_S, age_s)] += 1
        self._queue_age_sum_s += age_s

    def _synthesise(self, group: _Group, ran: bool) -> list[Result]:
        hops = group.bank.synthesise(group.slots, group.dry)
        forms = _pcm_rows(hops) if group.frames[0].frame.handle.pcm else cast("list[Hop]", list(hops))
        return [
            Result(ready.frame.handle, hop, ready.late or not ran)
            for ready, hop in zip(group.frames, forms, strict=True)
        ]


def _pcm_rows(hops: Float32) -> list[Hop]:
    pcm = to_s16le(hops)
    hop_bytes = len(pcm) // len(hops)
    return [pcm[start : start + hop_bytes] for start in range(0, len(pcm), hop_bytes)]
