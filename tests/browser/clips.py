"""The test clips, the microphone made of one, and how to judge what came back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.signal import correlate

CLIPS = Path(__file__).resolve().parents[1] / "data"
CLIP_RATE_HZ = 16000
MICROPHONE_RATE_HZ = 48000
# Opening the microphone and starting to record take a moment, in which the file plays already: a busy machine may be
# late for the clip, and takes the next.
LEAD_S = 3.0
TRAIL_S = 1.0
TIMES = 4

Samples = NDArray[np.float64]


def read_clip(name: str, rate_hz: int = CLIP_RATE_HZ) -> Samples:
    """Read a clip, resampled where another rate is wanted."""
    return read_wav(CLIPS / f"{name}.flac", rate_hz)


def read_wav(path: Path, rate_hz: int) -> Samples:
    """Read a mono file at the rate wanted."""
    samples, own_rate_hz = soundfile.read(path, dtype="float64")
    resampled: Samples = soxr.resample(samples, own_rate_hz, rate_hz, "VHQ")
    return resampled


def write_microphone(path: Path, clip: str) -> Path:
    """Write the WAV that the browser takes for its microphone: silence, the clip again and again, silence."""
    speech = read_clip(clip, MICROPHONE_RATE_HZ)
    lead, trail = (np.zeros(round(seconds * MICROPHONE_RATE_HZ)) for seconds in (LEAD_S, TRAIL_S))
    soundfile.write(path, np.concatenate([lead, np.tile(speech, TIMES), trail]), MICROPHONE_RATE_HZ, subtype="PCM_16")
    return path


def find_lag(longer: Samples, shorter: Samples) -> int:
    """Where `shorter` lies in `longer`, by the highest cross-correlation; may be negative."""
    return int(np.argmax(correlate(longer, shorter, "full"))) - len(shorter) + 1


def si_sdr_db(estimate: Samples, target: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio. Source: Le Roux et al., ICASSP 2019, eq. 2."""
    scaled = (estimate @ target) / (target @ target) * target
    error = estimate - scaled
    return float(10 * np.log10((scaled @ scaled) / (error @ error)))
