"""The engine: one native thread that runs frames of many streams, and its two mailboxes."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm_audio import Hop
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import NO_COST, BatchPacer, RunCost
from edge_server.engine.pipeline import Pipeline, SubmittedFrame
from edge_server.engine.stats import EngineConfig, EngineStats
from edge_server.engine.stream_handle import Priority, Result, StreamHandle, floor_from_limit_db
from edge_server.errors import EngineFailedError, InternalError, OverrunError, TooManyStreamsError

logger = logging.getLogger(__name__)

Order = Callable[[Pipeline], None]


class Engine:
    """Denoises the hops of many streams, many of them in one model run.

    The owner (one thread, the network loop) opens streams, submits hops and drains results; none of these calls
    waits. `wake` is called on the engine's thread whenever there are results to drain; it must be quick and safe to
    call from any thread. Without `start`, the owner drives the engine itself with `step` or `run_inline`.

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
        self.carried_live_streams = config.max_streams
        self.max_live_streams = config.max_streams
        """Live streams that are admitted now: the owner, and what was measured, may set fewer than there are slots."""
        self._wake = wake
        self._clock = clock
        self._pipeline = Pipeline(model, config)
        self._pacer = BatchPacer(cost, config.max_batch)
        self._orders: deque[Order | SubmittedFrame] = deque()
        self._results: deque[Result] = deque()
        self._orders_came = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._defect: Exception | None = None
        self._open = {Priority.LIVE: 0, Priority.FILE: 0}
        self._next_stream_id = 0

    def start(self) -> None:
        """Start the engine's own thread."""
        if self._thread is not None:
            raise InternalError("The engine was started already.")
        self._thread = threading.Thread(target=self._run, name="hushbox-engine", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Let the thread finish its batch and end; frames that still wait are discarded."""
        self._stopping.set()
        self._orders_came.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    @property
    def admitted_live_streams(self) -> int:
        """How many live streams there may be: what the owner allows, and what the box was measured to carry."""
        return min(self.max_live_streams, self.carried_live_streams)

    def set_cost(self, cost: RunCost) -> None:
        """Pace the batches by what a run was measured to take."""
        self._pacer.cost = cost

    def open_stream(
        self,
        geometry: StreamGeometry,
        suppression_limit_db: float | None,
        priority: Priority = Priority.LIVE,
        pcm: bool = False,
    ) -> StreamHandle:
        """Start a stream with zero states, whose hops are s16le bytes with `pcm` and float32 arrays without.

        Raises TooManyStreamsError when there is no slot for this priority, EngineFailedError when the engine was
        stopped or its thread died.
        """
        self._require_running()
        limit = self.admitted_live_streams if priority is Priority.LIVE else self.config.max_file_streams
        if self._open[priority] >= limit:
            what = "live voices" if priority is Priority.LIVE else "files at a time"
            raise TooManyStreamsError(
                f"This box is full: {self._open[priority]} of {limit} {what}.", self.config.retry_after_s
            )
        self._open[priority] += 1
        floor = floor_from_limit_db(suppression_limit_db)
        handle = StreamHandle(self._new_stream_id(), geometry, priority, floor, pcm)
        self._order(lambda pipeline: pipeline.open(handle, floor))
        return handle

    def hush_stream(self, handle: StreamHandle) -> StreamHandle:
        """Give the stream that goes on after a silence: same slot, same states, no frames under way; `handle` is closed."""
        self._require_running()
        if handle.closed:
            raise InternalError("The stream was closed already.")
        handle.closed = True
        successor = StreamHandle(self._new_stream_id(), handle.geometry, handle.priority, handle.floor, handle.pcm)
        self._order(lambda pipeline: pipeline.hush(handle, successor))
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
        self._order(SubmittedFrame(handle, hop, handle.floor, deadline_s, self._clock()))

    def close_stream(self, handle: StreamHandle) -> None:
        """Free the stream's slot; its frames that are not drained yet are discarded. Closing twice does nothing."""
        if handle.closed:
            return
        handle.closed = True
        self._open[handle.priority] -= 1
        self._order(lambda pipeline: pipeline.close(handle))

    def drain(self) -> list[Result]:
        """Take the finished hops, of each stream in order; raises EngineFailedError when the engine's thread died."""
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
        running = self._thread is not None and self._thread.is_alive()
        return self._pipeline.stats(running, self._open[Priority.LIVE], self._open[Priority.FILE])

    def probe(self, timeout_s: float) -> float:
        """Give the seconds that one frame of silence takes through the thread and the model.

        Raises EngineFailedError when it fails or takes longer than `timeout_s`. Thread: any but the network loop's,
        since it waits (use a native threadpool).
        """
        done = threading.Event()
        failures: list[Exception] = []

        def run_probe(pipeline: Pipeline) -> None:
            try:
                pipeline.probe()
            except EngineFailedError as error:
                failures.append(error)
            done.set()

        started_s = time.perf_counter()
        self._order(run_probe)
        if not done.wait(timeout_s):
            raise EngineFailedError(f"A probe frame took longer than {timeout_s:g} s.")
        if failures:
            raise failures[0]
        return time.perf_counter() - started_s

    def step(self) -> bool:
        """Carry out what was ordered and run one batch on the caller's thread; False when there was nothing to run."""
        self._carry_out_orders()
        results = self._pipeline.tick(self._clock())
        if not results:
            return False
        self._results.extend(results)
        self._wake()
        return True

    def run_inline(self) -> None:
        """Run batches on the caller's thread until none is left."""
        while self.step():
            pass

    def _new_stream_id(self) -> int:
        self._next_stream_id += 1
        return self._next_stream_id

    def _carry_out_orders(self) -> None:
        frames = 0
        while self._orders:
            order = self._orders.popleft()
            if isinstance(order, SubmittedFrame):
                self._pipeline.enqueue(order)
                frames += 1
            else:
                order(self._pipeline)
        if frames:
            self._pacer.count(frames, self._clock())

    def _wait_for_company(self) -> None:
        # Asleep, and not at the flag, which goes up with every frame: one wake-up for all is the point.
        if (wait_s := self._pipeline.wait_s(self._pacer, self._clock())) > 0:
            time.sleep(wait_s)

    def _require_running(self) -> None:
        self._require_alive()
        if self._stopping.is_set():
            raise EngineFailedError("The engine was stopped.")

    def _require_alive(self) -> None:
        if self._defect is not None:
            raise EngineFailedError(f"The engine has stopped: {self._defect}") from self._defect

    def _order(self, order: Order | SubmittedFrame) -> None:
        self._orders.append(order)
        # A flag that is up is taken down before the orders are read, so this one will be among them.
        if not self._orders_came.is_set():
            self._orders_came.set()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._orders_came.wait()
                # Cleared before the orders are read: one that comes meanwhile sets it again and is not slept over.
                self._orders_came.clear()
                self._carry_out_orders()
                self._wait_for_company()
                while not self._stopping.is_set() and self.step():
                    self._carry_out_orders()
                    self._wait_for_company()
        except Exception as error:
            logger.exception("The engine's thread has died.")
            self._defect = error
            self._wake()
