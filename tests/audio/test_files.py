import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge_server.audio.files import FileFormat, FileLimits
from edge_server.errors import FileEmptyError, FileTooLargeError, FileTooLongError, FileUnreadableError
from tests.audio_files import encoded_floats, read_whole
from tests.conftest import Voice

NO_LIMITS = FileLimits()


def written(samples: NDArray[np.float32], rate_hz: int, **kind: str) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, rate_hz, **kind)
    return target.getvalue()


@pytest.mark.parametrize("file_format", ["wav", "flac"])
def test_what_is_encoded_is_decoded_bit_for_bit(noisy_voice: Voice, file_format: FileFormat) -> None:
    voice = noisy_voice(16000, 0.7, 0)
    samples, rate_hz = read_whole(encoded_floats(voice, 16000, file_format), NO_LIMITS)
    assert samples.tobytes() == voice.tobytes()
    assert rate_hz == 16000


@pytest.mark.parametrize(("container", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")])
def test_lossy_files_are_decoded(noisy_voice: Voice, container: str, subtype: str) -> None:
    voice = noisy_voice(48000, 1.0, 0)
    samples, rate_hz = read_whole(written(voice, 48000, format=container, subtype=subtype), NO_LIMITS)
    assert rate_hz == 48000
    assert abs(len(samples) - len(voice)) < 4800
    assert np.std(samples) == pytest.approx(np.std(voice), rel=0.2)


def test_channels_are_mixed_to_one(noisy_voice: Voice) -> None:
    left, right = noisy_voice(16000, 0.5, 0), noisy_voice(16000, 0.5, 1)
    stereo = written(np.stack([left, right], axis=1), 16000, format="WAV", subtype="FLOAT")
    samples, _ = read_whole(stereo, NO_LIMITS)
    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-7)


def test_numbers_that_are_none_become_silence() -> None:
    broken = np.array([0.5, np.nan, np.inf, -np.inf, 7.0], np.float32)
    samples, _ = read_whole(written(broken, 16000, format="WAV", subtype="FLOAT"), NO_LIMITS)
    assert samples.tolist() == [0.5, 0.0, 0.0, 0.0, 1.0]


def test_a_file_on_disk_equals_its_bytes(noisy_voice: Voice, tmp_path: Path) -> None:
    data = encoded_floats(noisy_voice(16000, 0.3, 0), 16000, "wav")
    (tmp_path / "voice.bin").write_bytes(data)  # the name does not matter
    assert read_whole(tmp_path / "voice.bin", NO_LIMITS)[0].tobytes() == read_whole(data, NO_LIMITS)[0].tobytes()


def test_a_file_without_bytes_is_refused_and_one_without_samples_has_none() -> None:
    with pytest.raises(FileEmptyError):
        read_whole(b"", NO_LIMITS)
    assert len(read_whole(encoded_floats(np.empty(0, np.float32), 16000), NO_LIMITS)[0]) == 0


@pytest.mark.parametrize("data", [b"not audio at all" * 100, b"RIFF", b"fLaC" + bytes(100), bytes(5000)])
def test_what_is_no_audio_is_refused(data: bytes) -> None:
    with pytest.raises(FileUnreadableError):
        read_whole(data, NO_LIMITS)


def test_a_flac_file_cut_off_in_its_middle_is_refused_or_shorter(noisy_voice: Voice) -> None:
    data = encoded_floats(noisy_voice(16000, 2.0, 0), 16000, "flac")
    try:
        samples, _ = read_whole(data[: len(data) // 2], NO_LIMITS)
    except (FileUnreadableError, FileEmptyError):
        return
    assert len(samples) < 32000


def test_a_missing_file_and_an_odd_rate_are_unreadable(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        read_whole(tmp_path / "missing.wav", NO_LIMITS)
    with pytest.raises(FileUnreadableError, match="1 Hz"):
        read_whole(encoded_floats(np.ones(10, np.float32), 1, "wav"), NO_LIMITS)


def test_limits_hold(noisy_voice: Voice, tmp_path: Path) -> None:
    data = encoded_floats(noisy_voice(16000, 2.0, 0), 16000, "wav")
    path = tmp_path / "voice.wav"
    path.write_bytes(data)
    for source in (data, path):
        assert len(read_whole(source, FileLimits(max_bytes=len(data), max_duration_s=2.0))[0]) == 32000
        with pytest.raises(FileTooLargeError):
            read_whole(source, FileLimits(max_bytes=len(data) - 1))
        with pytest.raises(FileTooLongError):
            read_whole(source, FileLimits(max_duration_s=1.99))
