"""44.1 kHz streams to the engine's 48 kHz and back, in chunks of any size."""

import numpy as np
import soxr
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

STREAM_QUALITY = "LQ"
"""Of soxr's settings the one that fits live speech. Measured at 44.1 -> 48 -> 44.1 kHz: both ways together hold back
at most 11 ms (MQ, HQ and VHQ: 40 to 60 ms, in bursts), nothing aliases above -100 dB, and the response is flat
within 0.6 dB up to 16 kHz (-2 dB at 17 kHz, -20 dB at 19 kHz)."""
FILE_QUALITY = "HQ"

HELD_BACK_INTO_ENGINE_SAMPLES = 21
"""The most input samples (44.1 kHz) that have gone into the way in and have not come out yet."""
HELD_BACK_FROM_ENGINE_SAMPLES = 490
"""The same on the way out, in its input samples (48 kHz): soxr's half-band filter works in blocks."""


class StreamResampler:
    """One direction of a stream; what comes out does not depend on how the input was cut.

    Sample i of the output belongs to the time of input sample i * in / out; it comes out some samples later.
    """

    def __init__(self, from_hz: int, to_hz: int, quality: str = STREAM_QUALITY) -> None:
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality=quality)

    def push(self, samples: Float32, last: bool = False) -> Float32:
        """Take float32 samples and give those that are ready, possibly none; `last` gives all the rest."""
        ready: Float32 = self._stream.resample_chunk(np.ascontiguousarray(samples, np.float32), last=last)
        return ready


def fit(samples: Float32, count: int) -> Float32:
    """Give exactly `count` samples: cut, or padded with zeros."""
    return samples[:count] if len(samples) >= count else np.pad(samples, (0, count - len(samples)))
