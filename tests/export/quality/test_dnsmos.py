"""DNSMOS P.835 with its layers shared between segments gives what the whole network gives segment by segment."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from export.dnsmos import BAK, OVRL, SIG, make_dnsmos
from export.errors import ModelFileError
from export.runtime import open_session

NETWORK = Path(__file__).parents[4] / "shared/metrics/dnsmos_p835.onnx"
CLIPS = Path(__file__).parents[2] / "data"
RATE_HZ, SEGMENT_SAMPLES = 16000, 144160

needs_shared = pytest.mark.skipif(not NETWORK.exists(), reason="the network lies beside the project only")


def by_segment(samples: np.ndarray) -> tuple[float, ...]:
    """Rate as the authors' code does: repeat up to 9.01 s, then one run for every shift of a second."""
    session = open_session(NETWORK)
    while len(samples) < SEGMENT_SAMPLES:
        samples = np.append(samples, samples)
    starts = range(0, (int(len(samples) / RATE_HZ - 9.01) + 1) * RATE_HZ, RATE_HZ)
    raw = [session.run(None, {"input_1": samples[None, start : start + SEGMENT_SAMPLES]})[0][0] for start in starts]
    rated = [[np.polyval(fit, value) for fit, value in zip((SIG, BAK, OVRL), values, strict=True)] for values in raw]
    return tuple(np.mean(rated, axis=0))


@needs_shared
@pytest.mark.parametrize("seconds", [3.3, 6.2, 9.01, 21.0])
def test_shared_layers_give_the_authors_ratings(seconds: float) -> None:
    noisy, _ = soundfile.read(CLIPS / "electronics_0db.noisy.flac", dtype="float32")
    samples = np.resize(noisy, round(seconds * RATE_HZ))
    assert make_dnsmos(NETWORK)(samples) == pytest.approx(by_segment(samples), abs=1e-5)


def test_another_network_is_refused(tiny_model_path: Path) -> None:
    with pytest.raises(ModelFileError, match="is not the DNSMOS"):
        make_dnsmos(tiny_model_path)
