"""Streams driven through an engine by hand, as the tests of the engine need it."""

import dataclasses
import math
import threading
from typing import Any

import numpy as np

from edge_server.audio.stft import Float32
from edge_server.audio.stream_audio import StreamAudio
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority, Result, StreamHandle
from edge_server.engine.worker import Each, Engine

WAIT_S = 20.0
"""Far more than anything here takes; only a hang reaches it."""


class ManualClock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


class FlakySession:
    """A real onnxruntime session that counts its `runs` and holds one run until it is let go.

    While `broken`, it fails, but not before its results are written.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self.runs = 0
        self.broken = False
        self.hold_next: threading.Event | None = None

    def io_binding(self) -> Any:
        return self._session.io_binding()

    def run_with_iobinding(self, binding: Any) -> None:
        self.runs += 1
        held, self.hold_next = self.hold_next, None
        if held is not None:
            held.wait(WAIT_S)
        self._session.run_with_iobinding(binding)
        if self.broken:
            raise RuntimeError("out of order")


def flaky(model: ModelFile) -> tuple[ModelFile, FlakySession]:
    """Give the model, which takes one frame at a time, with a session that can be broken."""
    session = FlakySession(model.session)
    return dataclasses.replace(model, session=session, several=None), session


def flaky_several(model: ModelFile) -> tuple[ModelFile, FlakySession]:
    """Give the model with a session for several frames that can be broken."""
    assert model.several is not None
    session = FlakySession(model.several.session)
    return dataclasses.replace(model, several=dataclasses.replace(model.several, session=session)), session


def inline_engine(model: ModelFile, clock: ManualClock | None = None, **limits: int) -> Engine:
    """Give an engine that only moves when it is stepped."""
    return Engine(model, EngineConfig(**limits), wake=lambda: None, clock=clock or ManualClock())


class Voice:
    """One stream: its samples, cut into hops, and what the engine made of them."""

    def __init__(self, engine: Engine, samples: Float32, rate_hz: int = 16000, limit_db: float | None = None) -> None:
        geometry = engine.model.facts.geometry(rate_hz)
        self.engine = engine
        self.audio = StreamAudio(geometry, geometry.hop_samples)
        self.handle: StreamHandle = engine.open_stream(geometry, limit_db, Priority.LIVE)
        self.waiting = [*self.audio.push(samples), *self.audio.flush()]
        self.late: list[bool] = []

    def submit(self, hops: int = 1, deadline_s: float = math.inf) -> None:
        """Submit the next hops, as far as there are any."""
        for hop in self.waiting[:hops]:
            self.engine.submit(self.handle, hop, deadline_s)
        del self.waiting[:hops]

    def deliver(self, result: Result) -> None:
        """Take a result."""
        self.late.append(result.late)
        self.audio.deliver(result.hop)

    def out(self) -> Float32:
        """Give what came out, aligned with the input."""
        return self.audio.pull(self.audio.available())[self.audio.delay_samples :]


def drain(engine: Engine, voices: list[Voice]) -> list[Result]:
    """Hand every result to its voice."""
    results = engine.drain()
    for result in results:
        next(voice for voice in voices if voice.handle is result.handle).deliver(result)
    return results


def run_all(engine: Engine, voices: list[Voice], each: Each = map) -> list[Float32]:
    """Submit, run and drain everything, and give what came out of each."""
    while any(voice.waiting for voice in voices):
        for voice in voices:
            voice.submit(20)
        engine.run_inline(each)
        drain(engine, voices)
    return [voice.out() for voice in voices]


def alone(model: ModelFile, samples: Float32, rate_hz: int, limit_db: float | None) -> Float32:
    """Give what a voice becomes with an engine of its own, one frame at a time."""
    engine = inline_engine(dataclasses.replace(model, several=None))
    return run_all(engine, [Voice(engine, samples, rate_hz, limit_db)])[0]


def energy_db(samples: Float32) -> float:
    """Give the mean energy of samples in dB."""
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


class ThreadedOwner:
    """An owner that waits for the wake-ups of a started engine."""

    def __init__(self, model: ModelFile, **limits: int) -> None:
        self.woken = threading.Event()
        self.engine = Engine(model, EngineConfig(**limits), wake=self.woken.set)
        self.engine.start()

    def __enter__(self) -> "ThreadedOwner":
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.stop()

    def wait(self) -> None:
        assert self.woken.wait(WAIT_S), "the engine did not wake its owner"
        self.woken.clear()
