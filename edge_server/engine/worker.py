"""The engine: what its owner talks to, and the mailbox in which its lanes leave what they finished."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm_audio import Hop
from edge_server.engine.groups import SubmittedFrame
from edge_server.engine.lane import Lane
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import NO_COST, BatchPacer, RunCost
from edge_server.engine.pipeline import Pipeline
from edge_server.engine.placement import choose_lane, filled_at
from edge_server.engine.stats import EngineConfig, EngineStats, merge_stats
from edge_server.engine.stream_handle import Priority, Result, StreamHandle, floor_from_limit_db
from edge_server.errors import EngineFailedError, InternalError, OverrunError, TooManyStreamsError

logger = logging.getLogger(__name__)

Each = Callable[[Callable[[Lane], None], list[Lane]], Iterable[None]]
"""Calls a function with each lane, as `map` does."""


class Engine:
    """Denoises the hops of many streams, many of them in one model run.

    The owner (one thread, the network loop) opens streams, submits hops and drains results; none of these calls
    waits. Every stream lives in one of `config.threads` lanes, which share nothing but the model. `wake` is called on
    the lanes' threads whenever there are results to drain; it must be quick and safe to call from any thread. Without
    `start`, the owner drives the engine itself with `step` or `run_inline`.

    Thread: the owner's, except where a method says otherwise. Needs unpatched `threading`.
    """

    def __init__(
        self,
        model: ModelFile,
        config: EngineConfig,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        cost: RunCost = NO_COST,
    ) -> None:
        self.model = model
        self.config = config
        self.carried_live_streams: int | None = None
        self.max_live_streams = config.max_streams
        """Live streams that are admitted now: the owner, and what was measured (None: nothing was), may set fewer than there
        are slots."""
        self._wake = wake
        self._clock = clock
        self._results: deque[Result] = deque()
        self._lanes = [self._lane(cost) for _ in range(config.threads)]
        self._started = self._stopping = False
        self._defect: Exception | None = None
        self._next_stream_id = 0
        self.set_cost(cost)

    def start(self) -> None:
        """Start the lanes' threads."""
        if self._started:
            raise InternalError("The engine was started already.")
        self._started = True
        for number, lane in enumerate(self._lanes):
            lane.start(f"hushbox-engine-{number}")

    def stop(self, timeout_s: float = 5.0) -> None:
        """Let the threads finish their batches and end; frames that still wait are discarded."""
        self._stopping = True
        for lane in self._lanes:
            lane.ask_to_stop()
        deadline_s = time.monotonic() + timeout_s
        for lane in self._lanes:
            lane.join(max(0.0, deadline_s - time.monotonic()))

    @property
    def admitted_live_streams(self) -> int:
        """How many live streams there may be: what the owner allows, and what the box was measured to carry."""
        carried = self.carried_live_streams
        return self.max_live_streams if carried is None else min(self.max_live_streams, carried)

    def set_cost(self, cost: RunCost) -> None:
        """Pace the batches, and fill the lanes, by what a run was measured to take."""
        facts = self.model.facts
        self._lane_filled_at = filled_at(cost, self.config.max_batch, facts.sample_rate_hz / facts.hop_samples)
        for lane in self._lanes:
            lane.pacer.cost = cost

    def open_stream(
        self,
        geometry: StreamGeometry,
        suppression_limit_db: float | None,
        priority: Priority = Priority.LIVE,
        pcm: bool = False,
    ) -> StreamHandle:
        """Start a stream with zero states, whose hops are s16le bytes with `pcm` and float32 arrays without.

        Raises TooManyStreamsError when there is no slot for this priority, EngineFailedError when the engine was
        stopped or a thread of it died.
        """
        self._require_running()
        self._require_room(priority)
        number = choose_lane([lane.streams for lane in self._lanes], priority, self._lane_filled_at)
        floor = floor_from_limit_db(suppression_limit_db)
        handle = StreamHandle(self._new_stream_id(), geometry, priority, floor, pcm, number)
        self._lanes[number].streams[priority] += 1
        self._lanes[number].order(lambda pipeline: pipeline.open(handle, floor))
        return handle

    def hush_stream(self, handle: StreamHandle) -> StreamHandle:
        """Give the stream that goes on after a silence: same lane, slot and states, no frames under way; `handle` is closed."""
        self._require_running()
        if handle.closed:
            raise InternalError("The stream was closed already.")
        handle.closed = True
        successor = StreamHandle(
            self._new_stream_id(), handle.geometry, handle.priority, handle.floor, handle.pcm, handle.lane
        )
        self._lanes[handle.lane].order(lambda pipeline: pipeline.hush(handle, successor))
        return successor

    def set_suppression_limit(self, handle: StreamHandle, suppression_limit_db: float | None) -> None:
        """Ramp to another limit, beginning with the next hop that is submitted."""
        handle.floor = floor_from_limit_db(suppression_limit_db)

    def submit(self, handle: StreamHandle, hop: Hop, deadline_s: float) -> None:
        """Queue one hop in the stream's form, which the caller must not change afterwards.

        A hop that is not begun by `deadline_s` (on the engine's clock; `math.inf` for files) comes back dry. Raises
        OverrunError when `max_queued_frames` are under way already, EngineFailedError when the engine is no more.
        """
        self._require_running()
        if handle.closed:
            raise InternalError("The stream was closed already.")
        if isinstance(hop, bytes) is not handle.pcm or len(hop) != handle.geometry.hop_samples * (1 + handle.pcm):
            raise InternalError(f"A hop of {len(hop)} {type(hop).__name__} items is not what this stream takes.")
        if handle.outstanding_frames >= self.config.max_queued_frames:
            raise OverrunError(f"{handle.outstanding_frames} frames of this stream are waiting already.")
        handle.outstanding_frames += 1
        self._lanes[handle.lane].order(SubmittedFrame(handle, hop, handle.floor, deadline_s, self._clock()))

    def close_stream(self, handle: StreamHandle) -> None:
        """Free the stream's slot; its frames that are not drained yet are discarded. Closing twice does nothing."""
        if handle.closed:
            return
        handle.closed = True
        lane = self._lanes[handle.lane]
        lane.streams[handle.priority] -= 1
        lane.order(lambda pipeline: pipeline.close(handle))

    def drain(self) -> list[Result]:
        """Take the finished hops, of each stream in order; raises EngineFailedError when a thread of it died."""
        self._require_alive()
        drained: list[Result] = []
        while self._results:
            result = self._results.popleft()
            result.handle.outstanding_frames -= 1
            if not result.handle.closed:
                drained.append(result)
        return drained

    def stats(self) -> EngineStats:
        """Give the counters so far. Thread: any."""
        return merge_stats(
            [
                lane.pipeline.stats(lane.running, lane.streams[Priority.LIVE], lane.streams[Priority.FILE])
                for lane in self._lanes
            ]
        )

    def last_error(self, handle: StreamHandle) -> str | None:
        """Say why the latest run that failed in the lane of a stream did. Thread: any."""
        return self._lanes[handle.lane].pipeline.last_error

    def probe(self, timeout_s: float) -> float:
        """Give the seconds until every lane has run silence through every graph of the model.

        Raises EngineFailedError when it fails or takes longer than `timeout_s`. Thread: any but the network loop's,
        since it waits (use a native threadpool).
        """
        passed = threading.Semaphore(0)
        failures: list[Exception] = []

        def run_probe(pipeline: Pipeline) -> None:
            try:
                pipeline.probe()
            except EngineFailedError as error:
                failures.append(error)
            passed.release()

        started_s = time.perf_counter()
        for lane in self._lanes:
            lane.order(run_probe)
        for _ in self._lanes:
            if not passed.acquire(timeout=max(0.0, started_s + timeout_s - time.perf_counter())):
                raise EngineFailedError(f"A probe of the engine took longer than {timeout_s:g} s.")
        if failures:
            raise failures[0]
        return time.perf_counter() - started_s

    def step(self) -> bool:
        """Carry out what was ordered and run one batch of each lane on the caller's thread; False when there was none."""
        return sum(lane.step() for lane in self._lanes) > 0

    def run_inline(self, each: Each = map) -> None:
        """Run batches until none is left: on the caller's thread, or with the `map` of a thread pool, lanes side by side."""
        for _ in each(Lane.run_until_idle, self._lanes):
            pass

    def _lane(self, cost: RunCost) -> Lane:
        pacer = BatchPacer(cost, self.config.max_batch)
        return Lane(Pipeline(self.model, self.config), pacer, self._clock, self._finished, self._failed)

    def _finished(self, results: list[Result]) -> None:
        self._results.extend(results)
        # Everyone has been told of a defect already.
        if self._defect is None:
            self._wake()

    def _failed(self, defect: Exception) -> None:
        logger.error("A thread of the engine has died.", exc_info=defect)
        self._defect = defect
        for lane in self._lanes:
            lane.ask_to_stop()
        self._wake()

    def _new_stream_id(self) -> int:
        self._next_stream_id += 1
        return self._next_stream_id

    def _require_room(self, priority: Priority) -> None:
        limit = self.admitted_live_streams if priority is Priority.LIVE else self.config.max_file_streams
        taken = sum(lane.streams[priority] for lane in self._lanes)
        if taken >= limit:
            what = "live voices" if priority is Priority.LIVE else "files at a time"
            raise TooManyStreamsError(f"This box is full: {taken} of {limit} {what}.", self.config.retry_after_s)

    def _require_running(self) -> None:
        self._require_alive()
        if self._stopping:
            raise EngineFailedError("The engine was stopped.")

    def _require_alive(self) -> None:
        if self._defect is not None:
            raise EngineFailedError(f"The engine has stopped: {self._defect}") from self._defect
