"""A limit of 0 dB gives the recording itself, without the engine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile
from gevent.threadpool import ThreadPool
from numpy.typing import NDArray

from edge_server.audio.files import FileLimits
from edge_server.errors import FileEmptyError, FileTooLongError
from edge_server.jobs.file_run import FileRun

RATE_HZ = 22050
# More than one block of the decoder, and no whole number of them.
SAMPLES = 40_001

Samples = NDArray[np.int16]


class NoPump:
    """Fails on any touch: a copy has no business with the engine."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"The copy has asked for the pump's {name}.")


@pytest.fixture
def run() -> Iterator[FileRun]:
    """Give a run without an engine."""
    pool = ThreadPool(1)
    yield FileRun(NoPump(), pool, FileLimits(max_duration_s=3.0))  # type: ignore[arg-type]
    pool.kill()


def test_a_copy_is_exact_and_tells_how_far_it_is(run: FileRun) -> None:
    recorded = _noise(SAMPLES)
    written: list[Samples] = []
    reached: list[int] = []
    with _opened(recorded) as sound:
        assert run.clean(sound, 0, written.append, reached.append) == SAMPLES
    assert np.array_equal(np.concatenate(written), recorded)
    assert reached[0] == 0
    assert reached == [sum(len(block) for block in written[:count]) for count in range(len(written))]
    assert len(written) > 1


def test_the_channels_are_mixed_to_their_mean(run: FileRun) -> None:
    left, right = _noise(SAMPLES) // 2 * 2, np.zeros(SAMPLES, np.int16)
    written: list[Samples] = []
    with _opened(np.stack([left, right], axis=1)) as sound:
        run.clean(sound, 0.0, written.append, lambda samples: None)
    assert np.array_equal(np.concatenate(written), left // 2)


def test_who_cancels_ends_the_copy_at_once(run: FileRun) -> None:
    written: list[Samples] = []

    def cancel(samples: int) -> None:
        if samples:
            raise InterruptedError

    with _opened(_noise(SAMPLES)) as sound, pytest.raises(InterruptedError):
        run.clean(sound, 0, written.append, cancel)
    assert len(written) == 1


def test_a_file_without_sound_and_one_that_is_too_long_are_refused(run: FileRun) -> None:
    with _opened(_noise(0)) as sound, pytest.raises(FileEmptyError):
        run.clean(sound, 0, lambda block: None, lambda samples: None)
    with _opened(_noise(4 * RATE_HZ)) as sound, pytest.raises(FileTooLongError):
        run.clean(sound, 0, lambda block: None, lambda samples: None)


def _noise(samples: int) -> Samples:
    return np.random.default_rng(1).integers(-32768, 32768, samples, dtype=np.int16)


def _opened(samples: Samples) -> soundfile.SoundFile:
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    encoded.seek(0)
    return soundfile.SoundFile(encoded)
