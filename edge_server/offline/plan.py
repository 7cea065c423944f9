"""Which file is denoised to where, settled and checked before any work is done."""

from dataclasses import dataclass
from pathlib import Path

from edge_server.audio.files import FileFormat
from edge_server.errors import BadRequestError, FileEmptyError, FileUnreadableError, OutputUnwritableError

AUDIO_SUFFIXES = frozenset(
    {".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".caf", ".w64", ".rf64"}
)
OUTPUT_FORMATS: dict[str, FileFormat] = {".wav": "wav", ".flac": "flac"}


@dataclass(frozen=True, slots=True)
class FilePair:
    """A noisy file and the clean file to be made of it."""

    source: Path
    target: Path
    file_format: FileFormat


def plan_files(
    inputs: list[Path], output: Path, *, file_format: FileFormat = "wav", overwrite: bool = False
) -> list[FilePair]:
    """Pair every input file, and every audio file below an input folder, with its output.

    One input file and an `output` ending in .wav or .flac (and not a folder) make that file; anything else makes files
    of the same stem (and below the same subfolders) in the folder `output`, in `file_format`.
    Raises FileUnreadableError, FileEmptyError, BadRequestError, and OutputUnwritableError for an output that is also
    an input, that two inputs would share, or that exists while `overwrite` is false.
    """
    as_file = output.suffix.lower() != "" and not output.is_dir()
    if as_file:
        pairs = [_single_pair(inputs, output)]
    else:
        pairs = [pair for path in inputs for pair in _folder_pairs(path, output, file_format)]
    _check(pairs, overwrite)
    return pairs


def _single_pair(inputs: list[Path], output: Path) -> FilePair:
    file_format = OUTPUT_FORMATS.get(output.suffix.lower())
    if file_format is None:
        raise BadRequestError(f"{output.name} is neither .wav nor .flac, which are what can be written.")
    if len(inputs) != 1 or inputs[0].is_dir():
        raise BadRequestError(f"{output} is one file; several inputs need a folder.")
    return FilePair(_existing(inputs[0]), output, file_format)


def _folder_pairs(path: Path, output: Path, file_format: FileFormat) -> list[FilePair]:
    if not path.is_dir():
        return [FilePair(_existing(path), output / f"{path.stem}.{file_format}", file_format)]
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file())
    # What an earlier run wrote below the same folder is not noisy input.
    sources = [file for file in found if not file.resolve().is_relative_to(output.resolve())]
    if not sources:
        raise FileEmptyError(f"There is no audio file in {path}.")
    return [
        FilePair(file, output / file.relative_to(path).with_suffix(f".{file_format}"), file_format) for file in sources
    ]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileUnreadableError(f"There is no file {path}.")
    return path


def _check(pairs: list[FilePair], overwrite: bool) -> None:
    sources = {pair.source.resolve() for pair in pairs}
    taken: dict[Path, Path] = {}
    for pair in pairs:
        target = pair.target.resolve()
        if target in sources:
            raise OutputUnwritableError(f"{pair.target} is an input as well; choose another output.")
        if target in taken:
            raise OutputUnwritableError(f"{taken[target]} and {pair.source} would both be written to {pair.target}.")
        if target.exists() and not overwrite:
            raise OutputUnwritableError(f"{pair.target} exists already; --overwrite replaces it.")
        taken[target] = pair.source
