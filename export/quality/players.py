"""Audio and pictures inside a page, so that one file shows and plays everything."""

from __future__ import annotations

import base64
import io

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def audio_uri(samples: Samples, sample_rate_hz: int) -> str:
    """Return samples as a data URI: MP3, which every browser plays, at its best quality."""
    target = io.BytesIO()
    quality = {"bitrate_mode": "VARIABLE", "compression_level": 0.0}
    soundfile.write(target, np.clip(samples, -1, 1), sample_rate_hz, format="MP3", **quality)
    return "data:audio/mpeg;base64," + base64.b64encode(target.getvalue()).decode()


def picture_uri(png: bytes) -> str:
    """Return a PNG as a data URI."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
