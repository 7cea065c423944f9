"""What this box can carry, as the owner sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gevent.threadpool import ThreadPool

from edge_server.engine.model_file import ModelFile
from edge_server.engine.worker import Engine
from edge_server.errors import JobNotReadyError
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import Capacity, measure_capacity


class CapacityDesk:
    """Measures when it is asked to, and keeps the last result. `unix_clock` gives Unix seconds.

    Thread: the network loop's.
    """

    def __init__(
        self, engine: Engine, admission: Admission, model: ModelFile, cores: int, unix_clock: Callable[[], float]
    ) -> None:
        self._engine = engine
        self._admission = admission
        self._model = model
        self._cores = cores
        self._unix_clock = unix_clock
        self._pool = ThreadPool(1)
        self._known: dict[str, Any] | None = None

    def known(self) -> dict[str, Any] | None:
        """What was measured last, or None."""
        if self._known is None and self._admission.measured is not None:
            self._keep(self._admission.measured)
        return self._known

    def standing(self) -> dict[str, Any]:
        """How many voices are admitted now, and why no more, as the statistics have it."""
        known = self.known()
        return {"capacity_voices": None if known is None else known["voices"], **self._admission.standing()}

    def measure(self) -> dict[str, Any]:
        """Measure now, on a thread of its own.

        Raises `JobNotReadyError` while voices or files run, also those that began meanwhile: the result would be too low.
        """
        before = self._engine.stats()
        if before.live_streams:
            raise JobNotReadyError("Live voices run: the capacity can be measured when nobody speaks.")
        if before.file_streams:
            raise JobNotReadyError("Files are being cleaned: the capacity can be measured when they are done.")
        threads = self._engine.config.threads
        capacity: Capacity = self._pool.apply(measure_capacity, (self._model, self._cores, threads))
        after = self._engine.stats()
        # Who came and went meanwhile has left frames behind; who sent none took nothing.
        if after.live_streams or after.file_streams or after.frames != before.frames:
            raise JobNotReadyError("A voice or a file began meanwhile, so what was measured is too little: try again.")
        self._admission.use(capacity)
        return self._keep(capacity)

    def _keep(self, capacity: Capacity) -> dict[str, Any]:
        self._known = {
            "voices": capacity.voices,
            "measured_at_ms": round(1000 * self._unix_clock()),
            "cores": capacity.cores,
            "run_us": round(1e6 * capacity.run_cost.run_s(1)),
            "frame_us": round(1e6 * capacity.run_cost.frame_s, 1),
            "packet_us": round(1e6 * capacity.packet_s, 1),
        }
        return self._known
