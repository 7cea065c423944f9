"""From the engine's results to those who wait for them. Pure: driven by the wake-up of the network loop."""

from __future__ import annotations

from typing import Protocol

from edge_server.engine.stream_handle import Result, StreamHandle
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError


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
            for stranded in list(self._consumers.values()):
                stranded.failed(error)
            return
        touched: dict[int, HopConsumer] = {}
        for result in results:
            stream_id = result.handle.stream_id
            consumer = self._consumers.get(stream_id)
            if consumer is not None:
                consumer.deliver(result)
                touched[stream_id] = consumer
        for served in touched.values():
            served.delivered()
