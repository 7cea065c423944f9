import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_server.audio.files import FileLimits
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError, FileEmptyError, FileUnreadableError, OutputUnwritableError
from edge_server.offline.denoise import denoise_files, denoise_samples
from tests.audio_files import encoded_floats, read_whole
from tests.conftest import Voice
from tests.engine.driving import flaky

RATES_HZ = [8000, 16000, 22050, 44100, 48000, 96000]


def test_a_folder_of_all_kinds_becomes_what_each_would_alone(
    tiny_model: ModelFile, noisy_voice: Voice, tmp_path: Path
) -> None:
    noisy, clean = tmp_path / "noisy", tmp_path / "clean"
    noisy.mkdir()
    voices = {rate_hz: noisy_voice(rate_hz, 0.5 + rate_hz / 40000, rate_hz) for rate_hz in RATES_HZ}
    for rate_hz, voice in voices.items():
        (noisy / f"{rate_hz}.flac").write_bytes(encoded_floats(voice, rate_hz, "flac"))
    outcomes = denoise_files([noisy], clean, tiny_model, 20.0, show_progress=False)
    assert sorted(outcome.target.name for outcome in outcomes) == sorted(f"{rate_hz}.wav" for rate_hz in RATES_HZ)
    for rate_hz, voice in voices.items():
        wanted = encoded_floats(denoise_samples(tiny_model, voice, rate_hz, 20.0), rate_hz, "wav")
        assert (clean / f"{rate_hz}.wav").read_bytes() == wanted
    assert len(list(clean.iterdir())) == len(RATES_HZ)


def test_one_broken_file_does_not_keep_the_others_from_being_done(
    tiny_model: ModelFile, noisy_voice: Voice, tmp_path: Path
) -> None:
    noisy, clean = tmp_path / "noisy", tmp_path / "clean"
    noisy.mkdir()
    for number in range(20):
        (noisy / f"good{number}.wav").write_bytes(encoded_floats(noisy_voice(16000, 0.3, number), 16000, "wav"))
    (noisy / "broken.wav").write_bytes(b"no audio")
    (noisy / "empty.wav").write_bytes(encoded_floats(np.empty(0, np.float32), 16000, "wav"))
    outcomes = denoise_files([noisy], clean, tiny_model, show_progress=False)
    errors = {outcome.source.name: type(outcome.error) for outcome in outcomes if outcome.error}
    assert errors == {"broken.wav": FileUnreadableError, "empty.wav": FileEmptyError}
    assert sorted(path.name for path in clean.iterdir()) == sorted(f"good{number}.wav" for number in range(20))


def test_a_failing_model_leaves_no_file_behind(tiny_model: ModelFile, noisy_voice: Voice, tmp_path: Path) -> None:
    model, session = flaky(tiny_model)
    session.broken = True
    (tmp_path / "a.wav").write_bytes(encoded_floats(noisy_voice(16000, 0.3, 0), 16000, "wav"))
    (outcome,) = denoise_files([tmp_path / "a.wav"], tmp_path / "clean", model, show_progress=False)
    assert isinstance(outcome.error, EngineFailedError)
    assert list((tmp_path / "clean").iterdir()) == []


def test_an_output_folder_that_cannot_be_made_is_an_error_of_its_own(
    tiny_model: ModelFile, noisy_voice: Voice, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_bytes(encoded_floats(noisy_voice(16000, 0.3, 0), 16000, "wav"))
    (tmp_path / "a file").touch()
    (outcome,) = denoise_files([tmp_path / "a.wav"], tmp_path / "a file" / "x", tiny_model, show_progress=False)
    assert isinstance(outcome.error, OutputUnwritableError)


@pytest.mark.parametrize(("container", "suffix"), [("OGG", "ogg"), ("MP3", "mp3")])
def test_lossy_input_gives_as_many_samples_as_it_decodes_to(
    tiny_model: ModelFile, noisy_voice: Voice, tmp_path: Path, container: str, suffix: str
) -> None:
    target = io.BytesIO()
    stereo = np.stack([noisy_voice(44100, 1.0, 0), noisy_voice(44100, 1.0, 1)], axis=1)
    soundfile.write(target, stereo, 44100, format=container)
    source, clean = tmp_path / f"a.{suffix}", tmp_path / "clean.flac"
    source.write_bytes(target.getvalue())
    (outcome,) = denoise_files([source], clean, tiny_model, show_progress=False)
    assert outcome.error is None
    samples, rate_hz = read_whole(clean, FileLimits())
    assert rate_hz == 44100
    assert len(samples) == len(read_whole(source, FileLimits())[0])
