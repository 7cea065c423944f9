"""Frames of many streams to spectra and back, one batched FFT each way."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from edge_server.audio.pcm import fill_from_s16le

Float32 = NDArray[np.float32]
Complex64 = NDArray[np.complex64]
Slots = NDArray[np.intp]
Lengths = NDArray[np.intp]
Hops = Sequence[Float32] | Sequence[bytes]


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

    def __init__(self, window_samples: int, hop_samples: int, slots: int, max_frames: int) -> None:
        self.window_samples = window_samples
        self.hop_samples = hop_samples
        self._window = sqrt_hann(window_samples)
        self._history = np.zeros((slots, hop_samples), np.float32)
        self._tails = np.zeros((slots, hop_samples), np.float32)
        # Of every stream, its history and at least one hop.
        self._samples = np.empty((2 * max_frames, hop_samples), np.float32)
        self._frames = np.empty((max_frames, window_samples), np.float32)

    def clear(self, slot: int) -> None:
        """Forget what a slot has heard, for a new stream."""
        self._history[slot] = 0.0
        self._tails[slot] = 0.0

    def analyse(self, slots: Slots, hops: Hops, lengths: Lengths) -> Complex64:
        """Give the spectra `[frames, batch, window / 2 + 1]` of the slots' next hops.

        `hops` are float32 `[hop]` in [-1, 1] or s16le bytes, in the order of time: the first of every slot, then the second
        of every slot. Slot n is heard for `lengths[n]` of them, 1 or more; what comes after is no part of its stream.
        """
        batch, hop = len(slots), self.hop_samples
        frames = len(hops) // batch
        samples = self._samples[: (frames + 1) * batch].reshape(frames + 1, batch, hop)
        spectra = self._frames[: frames * batch].reshape(frames, batch, self.window_samples)
        np.take(self._history, slots, axis=0, out=samples[0], mode="clip")
        _fill(self._samples[batch : (frames + 1) * batch], hops)
        self._history[slots] = of_last(samples[1:], lengths)
        hop_bytes = samples.itemsize * hop
        strides = (batch * hop_bytes, hop_bytes, batch * hop_bytes, samples.itemsize)
        # Every hop but the first and the last is the second half of one frame and the first of the next.
        halves: Float32 = np.ndarray((frames, batch, 2, hop), np.float32, self._samples, 0, strides)
        np.multiply(halves, self._window.reshape(2, hop), out=spectra.reshape(halves.shape))
        spectrum: Complex64 = scipy.fft.rfft(spectra, axis=2, overwrite_x=True, workers=1)
        return spectrum

    def synthesise(self, slots: Slots, spectrum: Complex64, lengths: Lengths) -> Float32:
        """Give the slots' next finished hops `[frames, batch, hop]`, a new array; they lag the input by one hop.

        Of slot n, the first `lengths[n]` count.
        """
        hop = self.hop_samples
        frames: Float32 = scipy.fft.irfft(spectrum, n=self.window_samples, axis=2, overwrite_x=True, workers=1)
        frames *= self._window
        finished = np.empty((*frames.shape[:2], hop), np.float32)
        np.add(frames[0, :, :hop], self._tails[slots], out=finished[0])
        if len(frames) > 1:
            np.add(frames[1:, :, :hop], frames[:-1, :, hop:], out=finished[1:])
        self._tails[slots] = of_last(frames, lengths)[:, hop:]
        return finished


def of_last(values: Float32, lengths: Lengths) -> Float32:
    """Give of `[frames, batch, ...]` what belongs to the last frame of each: `values[lengths[n] - 1, n]`."""
    last: Float32 = values[0] if len(values) == 1 else values[lengths - 1, np.arange(len(lengths))]
    return last


def _fill(rows: Float32, hops: Hops) -> None:
    if isinstance(hops[0], bytes):
        # One conversion for all of them: for each alone, the calls would cost more than the arithmetic.
        fill_from_s16le(rows, b"".join(cast("Sequence[bytes]", hops)))
    else:
        np.stack(cast("Sequence[Float32]", hops), out=rows)
