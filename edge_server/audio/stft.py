"""Frames of many streams to spectra and back, one batched FFT each way."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from edge_server.audio.pcm import from_s16le

Float32 = NDArray[np.float32]
Complex64 = NDArray[np.complex64]
Slots = NDArray[np.intp]


def sqrt_hann(window_samples: int) -> Float32:
    """Give the periodic square-root Hann window: its square sums to one at 50 % overlap."""
    phase = np.arange(window_samples) * (np.pi / window_samples)
    window: Float32 = np.sin(phase).astype(np.float32)
    return window


class StftBank:
    """Analysis and synthesis for every slot at one rate, with the history and the tail of each.

    Frame k of a slot covers the window that ends with hop k; before a stream's first sample there are zeros. A row's
    numbers do not depend on the other rows, bit for bit.

    Thread: one at a time. Mutates: history and tails of the slots it is given.
    """

    def __init__(self, window_samples: int, hop_samples: int, slots: int, max_batch: int) -> None:
        self.window_samples = window_samples
        self.hop_samples = hop_samples
        self._window = sqrt_hann(window_samples)
        self._history = np.zeros((slots, hop_samples), np.float32)
        self._tails = np.zeros((slots, hop_samples), np.float32)
        self._frames = np.empty((max_batch, window_samples), np.float32)

    def clear(self, slot: int) -> None:
        """Forget what a slot has heard, for a new stream."""
        self._history[slot] = 0.0
        self._tails[slot] = 0.0

    def analyse(self, slots: Slots, hops: Sequence[Float32] | Sequence[bytes]) -> Complex64:
        """Give the spectra `[batch, window / 2 + 1]` of the slots' next hops, float32 `[hop]` in [-1, 1] or s16le bytes."""
        frames = self._frames[: len(hops)]
        newest = frames[:, self.hop_samples :]
        np.take(self._history, slots, axis=0, out=frames[:, : self.hop_samples], mode="clip")
        _fill(newest, hops)
        self._history[slots] = newest
        frames *= self._window
        spectrum: Complex64 = scipy.fft.rfft(frames, axis=1, overwrite_x=True, workers=1)
        return spectrum

    def synthesise(self, slots: Slots, spectrum: Complex64) -> Float32:
        """Give the slots' next finished hops `[batch, hop]`, a new array; they lag the input by one hop."""
        frames: Float32 = scipy.fft.irfft(spectrum, n=self.window_samples, axis=1, overwrite_x=True, workers=1)
        frames *= self._window
        finished = self._tails[slots]
        finished += frames[:, : self.hop_samples]
        self._tails[slots] = frames[:, self.hop_samples :]
        return finished


def _fill(rows: Float32, hops: Sequence[Float32] | Sequence[bytes]) -> None:
    if isinstance(hops[0], bytes):
        # One conversion for all of them: for each alone, the calls would cost more than the arithmetic.
        rows[:] = from_s16le(b"".join(cast("Sequence[bytes]", hops))).reshape(rows.shape)
    else:
        np.stack(cast("Sequence[Float32]", hops), out=rows)
