"""The engine: one native thread that runs frames of many streams, and its two mailboxes."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.geometry import StreamGeometry
from edge_server.engine.model_file import ModelFile
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
    ) -> None:
        self.model = model
        self.config = config
        self._wake = wake
        self._clock = clock
        self._pipeline = Pipeline(model, config)
        self._orders: deque[Order] = deque()
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

    def open_stream(
        self, geometry: StreamGeometry, suppression_limit_db: float | None, priority: Priority = Priority.LIVE
    ) -> StreamHandle:
        """Start a stream with zero states.

        Raises TooManyStreamsError when there is no slot for this priority, EngineFailedError when the engine was
        stopped or its thread died.
        """
        self._require_running()
        limit = self.config.max_streams if priority is Priority.LIVE else self.config.max_file_streams
        if self._open[priority] >= limit:
            what = "live voices" if priority is Priority.LIVE else "files at a time"
            raise TooManyStreamsError(f"This box is full: {self._open[priority]} of {limit} {what}.")
        self._open[priority] += 1
        self._next_stream_id += 1
        handle = StreamHandle(self._next_stream_id, geometry, priority, floor_from_limit_db(suppression_limit_db))
        floor = handle.floor
        self._order(lambda pipeline: pipeline.open(handle, floor))
        return handle

    def set_suppression_limit(self, handle: StreamHandle, suppression_limit_db: float | None) -> None:
        """Ramp to another limit, beginning with the next hop that is submitted."""
        handle.floor = floor_from_limit_db(suppression_limit_db)

    def submit(self, handle: StreamHandle, hop: NDArray[np.float32], deadline_s: float) -> None:
        """Queue one hop, float32 `[hop_samples]` at the engine's rate, which the caller must not change afterwards.

        A hop that is not begun by `deadline_s` (on the engine's clock; `math.inf` for files) comes back dry. Raises
        OverrunError when `max_queued_frames` of the stream are under way already, EngineFailedError when the engine was
        stopped or its thread died: nobody would be told of its results any more.
        """
        self._require_running()
        if handle.closed:
            raise InternalError("The stream was closed already.")
        if hop.shape != (handle.geometry.hop_samples,):
            raise InternalError(f"A hop has {handle.geometry.hop_samples} samples, not {hop.shape}.")
        if handle.outstanding_frames >= self.config.max_queued_frames:
            raise OverrunError(f"{handle.outstanding_frames} frames of this stream are waiting already.")
        handle.outstanding_frames += 1
        frame = SubmittedFrame(handle, hop, handle.floor)
        self._order(lambda pipeline: pipeline.enqueue(frame, deadline_s))

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
        while self._orders:
            self._orders.popleft()(self._pipeline)
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

    def _require_running(self) -> None:
        self._require_alive()
        if self._stopping.is_set():
            raise EngineFailedError("The engine was stopped.")

    def _require_alive(self) -> None:
        if self._defect is not None:
            raise EngineFailedError(f"The engine has stopped: {self._defect}") from self._defect

    def _order(self, order: Order) -> None:
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
                while not self._stopping.is_set() and self.step():
                    pass
        except Exception as error:
            logger.exception("The engine's thread has died.")
            self._defect = error
            self._wake()
