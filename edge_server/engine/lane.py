"""A lane: one thread of the engine with the streams that live in it."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from edge_server.engine.groups import SubmittedFrame
from edge_server.engine.pacing import BatchPacer
from edge_server.engine.pipeline import Pipeline
from edge_server.engine.stream_handle import Priority, Result

Order = Callable[[Pipeline], None]


def _wake_up(pipeline: Pipeline) -> None:
    """An order for a thread that is to see that it should stop."""


class Lane:
    """Carries out its orders and runs batches of its own streams, on a thread of its own or on the caller's.

    `finished` hears the hops of every batch, `failed` the defect that ended the thread; both on the thread that runs
    the batches. `streams` counts what is open in it, and is the owner's.

    Thread: the owner's, except that `step` and `run_until_idle` may be called on any one thread while none was started.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        pacer: BatchPacer,
        clock: Callable[[], float],
        finished: Callable[[list[Result]], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.pipeline = pipeline
        self.pacer = pacer
        self.streams = {Priority.LIVE: 0, Priority.FILE: 0}
        self._clock = clock
        self._finished = finished
        self._failed = failed
        self._orders: SimpleQueue[Order | SubmittedFrame] = SimpleQueue()
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether its thread runs. Thread: any."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, name: str) -> None:
        """Start its thread."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the thread finish its batch and end; frames that still wait are discarded. Thread: any."""
        self._stopping = True
        self._orders.put(_wake_up)

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def order(self, order: Order | SubmittedFrame) -> None:
        """Leave a frame, or something to be done before the frames that follow it. Thread: any."""
        self._orders.put(order)

    def step(self) -> bool:
        """Carry out what was ordered and run one batch on the caller's thread; False when there was nothing to run."""
        self._carry_out_orders()
        results = self.pipeline.tick(self._clock())
        if not results:
            return False
        self._finished(results)
        return True

    def run_until_idle(self) -> None:
        """Run batches on the caller's thread until none is left."""
        while self.step():
            pass

    def _carry_out_orders(self, *first: Order | SubmittedFrame) -> None:
        orders, live_frames = [*first], 0
        while not self._orders.empty():
            orders.append(self._orders.get_nowait())
        for order in orders:
            if isinstance(order, SubmittedFrame):
                self.pipeline.enqueue(order)
                live_frames += order.handle.priority is Priority.LIVE
            else:
                order(self.pipeline)
        if live_frames:
            # Those of files go where there is room: nobody waits for their company.
            self.pacer.count(live_frames, self._clock())

    def _wait_for_company(self) -> None:
        # Asleep, and not at the queue, which every frame comes to: one wake-up for all is the point.
        if (wait_s := self.pipeline.wait_s(self.pacer, self._clock())) > 0:
            time.sleep(wait_s)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._carry_out_orders(self._orders.get())
                self._wait_for_company()
                while not self._stopping and self.step():
                    self._carry_out_orders()
                    self._wait_for_company()
        except Exception as error:
            self._failed(error)
