from pathlib import Path

import pytest

from edge_server.errors import BadRequestError, FileEmptyError, FileUnreadableError, OutputUnwritableError
from edge_server.offline.plan import FilePair, plan_files


@pytest.fixture
def noisy(tmp_path: Path) -> Path:
    """Give a folder with two recordings, one of them in a subfolder, and something that is no audio."""
    folder = tmp_path / "noisy"
    (folder / "day two").mkdir(parents=True)
    for name in ("a.wav", "notes.txt", "day two/b.MP3"):
        (folder / name).touch()
    return folder


def test_one_file_to_one_file(noisy: Path, tmp_path: Path) -> None:
    target = tmp_path / "clean.FLAC"
    assert plan_files([noisy / "a.wav"], target) == [FilePair(noisy / "a.wav", target, "flac")]


def test_a_folder_keeps_stems_and_subfolders(noisy: Path, tmp_path: Path) -> None:
    pairs = plan_files([noisy], tmp_path / "clean", file_format="flac")
    assert [pair.target.relative_to(tmp_path).as_posix() for pair in pairs] == ["clean/a.flac", "clean/day two/b.flac"]


def test_one_file_to_a_folder_and_several_files_to_a_new_folder(noisy: Path, tmp_path: Path) -> None:
    (tmp_path / "there.wav").mkdir()
    assert plan_files([noisy / "a.wav"], tmp_path / "there.wav")[0].target == tmp_path / "there.wav" / "a.wav"
    pairs = plan_files([noisy / "a.wav", noisy / "day two/b.MP3"], tmp_path / "new")
    assert [pair.target for pair in pairs] == [tmp_path / "new/a.wav", tmp_path / "new/b.wav"]


def test_what_an_earlier_run_wrote_is_no_input(noisy: Path) -> None:
    (noisy / "clean").mkdir()
    (noisy / "clean" / "a.wav").touch()
    pairs = plan_files([noisy], noisy / "clean", overwrite=True)
    assert [pair.source.name for pair in pairs] == ["a.wav", "b.MP3"]


def test_several_inputs_do_not_fit_one_file(noisy: Path, tmp_path: Path) -> None:
    for inputs in ([noisy], [noisy / "a.wav", noisy / "day two/b.MP3"]):
        with pytest.raises(BadRequestError, match="folder"):
            plan_files(inputs, tmp_path / "clean.wav")


def test_other_formats_cannot_be_written(noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match="neither"):
        plan_files([noisy / "a.wav"], tmp_path / "clean.mp3")


def test_inputs_that_are_not_there_are_named(noisy: Path, tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="missing"):
        plan_files([noisy / "a.wav", tmp_path / "missing.wav"], tmp_path / "clean")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileEmptyError, match="empty"):
        plan_files([tmp_path / "empty"], tmp_path / "clean")


def test_an_existing_output_is_kept_unless_told_otherwise(noisy: Path, tmp_path: Path) -> None:
    target = tmp_path / "clean.wav"
    target.touch()
    with pytest.raises(OutputUnwritableError, match="exists"):
        plan_files([noisy / "a.wav"], target)
    assert plan_files([noisy / "a.wav"], target, overwrite=True)[0].target == target


def test_an_input_is_never_overwritten(noisy: Path) -> None:
    with pytest.raises(OutputUnwritableError, match="input"):
        plan_files([noisy / "a.wav"], noisy, overwrite=True)
    with pytest.raises(OutputUnwritableError, match="input"):
        plan_files([noisy / "a.wav"], noisy / "day two" / ".." / "a.wav", overwrite=True)


def test_two_inputs_do_not_share_an_output(noisy: Path, tmp_path: Path) -> None:
    (noisy / "a.mp3").touch()
    with pytest.raises(OutputUnwritableError, match="both"):
        plan_files([noisy], tmp_path / "clean")
