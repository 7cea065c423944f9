"""One recording on its way through an engine: blocks in, clean blocks out."""

import math
from collections import deque
from collections.abc import Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.geometry import nearest_supported_rate
from edge_server.audio.resample import FILE_QUALITY, StreamResampler, fit
from edge_server.audio.stream_audio import StreamAudio
from edge_server.engine.stream_handle import Priority, Result
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError

Float32 = NDArray[np.float32]

FRAMES_UNDER_WAY = 64
"""Enough that the engine always has a next frame, few enough that a long file is not in memory."""


class ClipStream:
    """Denoises a recording of any rate; the clean samples line up with the input and are as many.

    `blocks` gives float32 samples in [-1, 1] of any length. The owner calls `feed`, lets the engine run, hands it the
    results of its `handle` and takes what is clean, until `done`; and closes it in any case.

    Raises TooManyStreamsError when the engine has no slot for a file. Thread: the engine's owner's.
    """

    def __init__(
        self, engine: Engine, sample_rate_hz: int, suppression_limit_db: float | None, blocks: Iterator[Float32]
    ) -> None:
        rate_hz = nearest_supported_rate(sample_rate_hz)
        geometry = engine.model.facts.geometry(rate_hz)
        self._engine = engine
        self._blocks = blocks
        self._audio = StreamAudio(geometry, geometry.hop_samples)
        self._to_drop = self._audio.delay_samples
        self._resample_in = self._resample_out = None
        if rate_hz != sample_rate_hz:
            self._resample_in = StreamResampler(sample_rate_hz, rate_hz, FILE_QUALITY)
            self._resample_out = StreamResampler(rate_hz, sample_rate_hz, FILE_QUALITY)
        self._waiting: deque[Float32] = deque()
        self._samples_in = 0
        self._samples_out = 0
        self._exhausted = False
        self.done = False
        self.handle = engine.open_stream(geometry, suppression_limit_db, Priority.FILE)

    def feed(self) -> None:
        """Submit hops until enough are under way or the recording has ended."""
        while self.handle.outstanding_frames < FRAMES_UNDER_WAY:
            while not self._waiting and not self._exhausted:
                self._cut_next_block()
            if not self._waiting:
                return
            self._engine.submit(self.handle, self._waiting.popleft(), math.inf)

    def deliver(self, result: Result) -> None:
        """Take a result of this stream; raises EngineFailedError when the model did not run on it."""
        # Live audio would rather be noisy than late; a file that says it is clean has to be.
        if result.late:
            raise EngineFailedError(self._engine.last_error(self.handle) or "The model could not be run.")
        self._audio.deliver(cast("Float32", result.hop))

    def take(self) -> Float32:
        """Give the clean samples that are ready, possibly none; after the last ones, `done` is true."""
        clean = self._audio.pull(self._audio.available())
        dropped = min(self._to_drop, len(clean))
        self._to_drop -= dropped
        clean = clean[dropped:]
        ended = self._exhausted and not self._waiting and not self.handle.outstanding_frames
        if self._resample_out:
            clean = self._resample_out.push(clean, last=ended)
        missing = self._samples_in - self._samples_out
        if ended or len(clean) > missing:
            clean = fit(clean, missing)
        self._samples_out += len(clean)
        self.done = ended
        return clean

    def close(self) -> None:
        """Free the engine's slot."""
        self._engine.close_stream(self.handle)

    def _cut_next_block(self) -> None:
        block = next(self._blocks, None)
        self._exhausted = block is None
        samples = np.empty(0, np.float32) if block is None else block
        self._samples_in += len(samples)
        if self._resample_in:
            samples = self._resample_in.push(samples, last=self._exhausted)
        self._waiting.extend(self._audio.push(samples))
        if self._exhausted:
            self._waiting.extend(self._audio.flush())
