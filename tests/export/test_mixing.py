"""Training examples: repeatable, aligned, at the levels asked for."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from export.corpus import load_corpus
from export.errors import AudioError
from export.mixing import Mixer, MixStream, active_rms
from export.recipe import MixConfig
from export.rooms import load_rooms
from export.voices import Voices

PLAIN = MixConfig(room_probability=0, speed_probability=0, band_limit_probability=0, clip_probability=0,
                  noise_only_probability=0, clean_probability=0)  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def mixer(data: Path, cache: Path, config: MixConfig) -> Mixer:
    speech, noise = (load_corpus(data / name, cache, config.sample_rate_hz) for name in ("speech", "noise"))
    return Mixer(speech, noise, load_rooms(cache, config.sample_rate_hz, 4, 1), config)


def test_an_example_is_a_function_of_seed_and_index(data: Path, cache: Path) -> None:
    first, second = mixer(data, cache, MixConfig()), mixer(data, cache, MixConfig())
    for index in range(8):
        for one, other in zip(first.example(1, index), second.example(1, index), strict=True):
            np.testing.assert_array_equal(one, other)
    assert not np.array_equal(first.example(1, 0)[0], first.example(2, 0)[0])


def test_the_mixture_has_the_snr_asked_for(data: Path, cache: Path) -> None:
    mixing = mixer(data, cache, replace(PLAIN, snr_db=(6.0, 6.0)))
    for index in range(6):
        noisy, clean = mixing.example(0, index)
        snr_db = 20 * np.log10(active_rms(clean) / active_rms(noisy - clean))
        assert snr_db == pytest.approx(6.0, abs=0.3)


def test_noise_alone_has_a_silent_target(data: Path, cache: Path) -> None:
    noisy, clean = mixer(data, cache, replace(PLAIN, noise_only_probability=1.0)).example(0, 0)
    assert not clean.any()
    assert noisy.any()


def test_a_room_keeps_the_direct_sound_in_place(data: Path, cache: Path) -> None:
    rooms = load_rooms(cache, 16000, 4, 1)
    for full, early in zip(rooms.full, rooms.early, strict=True):
        assert full[0] == pytest.approx(1.0)
        np.testing.assert_array_equal(full[:480], early[:480])
        assert not early[700:].any()


def test_a_loader_goes_on_where_the_examples_stopped(data: Path, cache: Path) -> None:
    mixing = mixer(data, cache, MixConfig())
    loader = iter(DataLoader(MixStream(mixing, 5, first_index=6), batch_size=3, num_workers=1))
    for first in (6, 9):
        noisy, _ = next(loader)
        for row in range(3):
            np.testing.assert_array_equal(noisy[row].numpy(), mixing.example(5, first + row)[0])


def test_a_folder_without_audio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no audio files"):
        load_corpus(tmp_path, tmp_path / "cache", 16000)


def test_a_torn_segment_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "segments.csv").write_text("file,begin\na.wav,0\n")
    with pytest.raises(AudioError, match="needs the columns"):
        load_corpus(tmp_path, tmp_path / "cache", 16000)


def test_the_corpus_is_the_same_wherever_it_lies(data: Path, cache: Path, tmp_path: Path) -> None:
    shutil.copytree(data / "speech", tmp_path / "speech")
    moved, here = (load_corpus(folder / "speech", cache, 16000) for folder in (tmp_path, data))
    assert moved.key == here.key


@pytest.mark.parametrize(("snr_db", "kept"), [(6.0, 0.0), (26.0, 0.5), (40.0, 1.0)])
def test_what_is_far_below_the_voice_is_left_as_it_is(data: Path, cache: Path, snr_db: float, kept: float) -> None:
    loud = replace(PLAIN, snr_db=(snr_db, snr_db), level_db=(-20.0, -20.0))
    noisy, target = mixer(data, cache, loud).example(0, 0)
    _, voice = mixer(data, cache, replace(loud, kept_snr_db=(90.0, 99.0))).example(0, 0)
    np.testing.assert_allclose(target - voice, kept * (noisy - voice), atol=1e-4)


def test_babble_is_of_many(data: Path, cache: Path) -> None:
    rooms = load_rooms(cache, 16000, 4, 1)
    voices = Voices(load_corpus(data / "speech", cache, 16000), 16000)
    first, second = (voices.babble(np.random.default_rng(seed), rooms, 32000) for seed in (1, 2))
    assert first.dtype == np.float32
    assert first.shape == (32000,)
    assert not np.array_equal(first, second)
    alone = voices.sentence(np.random.default_rng(1), 1.0, 32000)
    assert silent_share(first) < silent_share(alone)


def silent_share(samples: np.ndarray) -> float:
    levels = np.square(samples.reshape(-1, 320)).mean(1)
    return float(np.mean(levels < 1e-3 * levels.max()))
