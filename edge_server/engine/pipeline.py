"""One tick of the engine: frames of many streams through STFT, model and overlap-add."""

from bisect import bisect_left
from collections import Counter
from time import perf_counter
from typing import Any, cast

import numpy as np

from edge_server.audio.pcm import to_s16le
from edge_server.audio.pcm_audio import Hop
from edge_server.audio.stft import Complex64, Float32
from edge_server.engine.batcher import Batcher
from edge_server.engine.denoiser import Denoiser, ModelRun
from edge_server.engine.groups import Batch, Group, SubmittedFrame, group_turns
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import BatchPacer, batch_bucket
from edge_server.engine.rate_bank import RateBank
from edge_server.engine.state_pool import SlotRef, StatePool
from edge_server.engine.stats import QUEUE_AGE_BOUNDS_S, EngineConfig, EngineStats
from edge_server.engine.stream_handle import Priority, Result, StreamHandle
from edge_server.errors import EngineFailedError


class Pipeline:
    """State pool, rate banks, batcher and model of an engine.

    `last_error` says why the latest run that failed did. Thread: one, the engine's; only `stats` and `last_error` may be
    read from any.
    """

    def __init__(self, model: ModelFile, config: EngineConfig) -> None:
        self._model = model
        self._config = config
        self._denoiser = Denoiser(model, config.max_batch)
        self._pool = StatePool(model.facts.state_blocks, config.max_streams + config.max_file_streams)
        self._batcher: Batcher[SubmittedFrame] = Batcher(self._denoiser.frames_at_once)
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
        turns = self._batcher.next_batch(now_s, self._config.max_batch)
        if not turns:
            return []
        started_s = perf_counter()
        first = turns[0].frames[0]
        if first.handle.priority is Priority.LIVE:
            # Those of files wait for as long as voices let them: nobody hears that.
            self._count_age(now_s - first.submitted_s)
        batch = group_turns(turns, self._slot)
        run = self._prepare(batch)
        dry = [self._analyse(group, run.spectrum) for group in batch.groups]
        ran = batch.streams > 0 and self._denoise(batch, dry, run)
        results = [
            result for group, wet in zip(batch.groups, dry, strict=True) for result in self._synthesise(group, wet, ran)
        ]
        self._counts["frames"] += len(results)
        self._counts["late_frames"] += sum(result.late for result in results)
        self._run_time_s += perf_counter() - started_s
        return results

    def probe(self) -> None:
        """Run silence through every graph of the model, on no stream's state; raises EngineFailedError."""
        self._denoiser.probe()

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

    def _slot(self, stream_id: int) -> int:
        slot = self._slots[stream_id]
        self._pool.check(slot)
        return slot.index

    def _prepare(self, batch: Batch) -> ModelRun:
        """Give the run for a batch, with zeros where nobody will write a spectrum."""
        frames = self._denoiser.frames_at_once if batch.frames > 1 else 1
        # All late: the smallest run, which is not made.
        rows = min(batch_bucket(batch.streams or 1), self._config.max_batch // frames)
        run = self._denoiser.prepare(rows, frames)
        run.spectrum[:, batch.streams :] = 0.0
        for group in batch.groups:
            run.spectrum[group.frames :, group.rows] = 0.0
        return run

    def _analyse(self, group: Group, spectra: Float32) -> Complex64:
        hops: Any = group.hops()
        model_in = spectra[: group.frames, group.rows]
        return self._banks[group.handle.geometry.engine_rate_hz].analyse(group.slots, hops, group.lengths, model_in)

    def _denoise(self, batch: Batch, dry: list[Complex64], run: ModelRun) -> bool:
        self._batch_sizes[batch.frames_on_time] += 1
        try:
            self._run(batch, run)
        except EngineFailedError as error:
            self._counts["failed_runs"] += 1
            self.last_error = error.message
            return False
        for group, spectrum in zip(batch.groups, dry, strict=True):
            if on_time := group.on_time:
                self._banks[group.handle.geometry.engine_rate_hz].apply(
                    group.slots[:on_time],
                    spectrum[:, :on_time],
                    run.spectrum[: group.frames, group.rows],
                    run.clean[: group.frames, group.rows],
                    group.floors(),
                    group.lengths[:on_time],
                )
        return True

    def _run(self, batch: Batch, run: ModelRun) -> None:
        slots = batch.slots(run.streams)
        self._pool.gather(slots, run.states)
        if run.last_row is not None:
            run.last_row[:] = (batch.lengths(run.streams) - 1) * run.streams + np.arange(run.streams)
        run.compute()
        self._pool.scatter(slots[: batch.streams], run.next_states)

    def _count_age(self, age_s: float) -> None:
        self._queue_ages[bisect_left(QUEUE_AGE_BOUNDS_S, age_s)] += 1
        self._queue_age_sum_s += age_s

    def _synthesise(self, group: Group, spectrum: Complex64, ran: bool) -> list[Result]:
        bank = self._banks[group.handle.geometry.engine_rate_hz]
        hops = bank.synthesise(group.slots, spectrum, group.lengths)
        hops = hops.reshape(-1, hops.shape[2])
        return group.results(_pcm_rows(hops) if group.handle.pcm else cast("list[Hop]", list(hops)), ran)


def _pcm_rows(hops: Float32) -> list[Hop]:
    pcm = to_s16le(hops)
    hop_bytes = len(pcm) // len(hops)
    return [pcm[start : start + hop_bytes] for start in range(0, len(pcm), hop_bytes)]
