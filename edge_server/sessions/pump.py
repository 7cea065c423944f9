"""From the engine's results to those who wait for them. Pure: driven by the wake-up of the network loop."""

from __future__ import annotations

import logging
from typing import Protocol

from edge_server.engine.stream_handle import Result, StreamHandle
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError

logger = logging.getLogger(__name__)


class HopConsumer(Protocol):
    """Someone with a stream in the engine. None of these calls may wait or raise."""

    def deliver(self, result: Result) -> None:
        """Take one finished hop."""

    def delivered(self) -> None:
        """Act on what was delivered: called once after the hops of one wake-up."""

    def failed(self, error: EngineFailedError) -> None:
        """Hear that the engine is gone."""


class Pump:
    """Hands each result of the engine to the consumer of its stream.

    Thread: the network loop's.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._consumers: dict[int, HopConsumer] = {}

    @property
    def consumers(self) -> list[HopConsumer]:
        """Everyone with a stream in the engine now."""
        return list(self._consumers.values())

    def attach(self, handle: StreamHandle, consumer: HopConsumer) -> None:
        """Let the results of a stream go to `consumer`."""
        self._consumers[handle.stream_id] = consumer

    def detach(self, handle: StreamHandle) -> None:
        """Let the consumer of a stream hear nothing any more. Detaching twice does nothing."""
        self._consumers.pop(handle.stream_id, None)

    def drain(self) -> None:
        """Deliver everything that the engine has finished."""
        try:
            results = self.engine.drain()
        except EngineFailedError as error:
            for stream_id in list(self._consumers):
                self._tell_failed(stream_id, error)
            return
        # Dictionaries keep their order, so every consumer is served once, in the order of its first result.
        touched: dict[int, None] = {}
        for result in results:
            self._deliver(result)
            touched[result.handle.stream_id] = None
        for stream_id in touched:
            self._tell_delivered(stream_id)

    def _deliver(self, result: Result) -> None:
        consumer = self._consumers.get(result.handle.stream_id)
        if consumer is not None:
            try:
                consumer.deliver(result)
            except Exception:
                self._give_up(result.handle.stream_id)

    def _tell_delivered(self, stream_id: int) -> None:
        consumer = self._consumers.get(stream_id)
        if consumer is not None:
            try:
                consumer.delivered()
            except Exception:
                self._give_up(stream_id)

    def _tell_failed(self, stream_id: int, error: EngineFailedError) -> None:
        consumer = self._consumers.get(stream_id)
        if consumer is not None:
            try:
                consumer.failed(error)
            except Exception:
                logger.exception("A stream could not be told that it has failed.")

    def _give_up(self, stream_id: int) -> None:
        # A defect of one stream is no reason for the others to wait.
        logger.exception("The results of a stream could not be handled.")
        self._tell_failed(stream_id, EngineFailedError("Something broke in the box; its log has the details."))
        self._consumers.pop(stream_id, None)
