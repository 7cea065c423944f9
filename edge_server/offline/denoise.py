"""Arrays and files denoised with the live engine, on the caller's thread and without a server."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from tqdm import tqdm

from edge_server.audio.files import BLOCK_FRAMES, FileFormat
from edge_server.audio.pcm import sanitise
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Result
from edge_server.engine.worker import Engine
from edge_server.errors import HushboxError
from edge_server.offline.clip_stream import ClipStream
from edge_server.offline.file_job import FileJob
from edge_server.offline.plan import FilePair, plan_files

Float32 = NDArray[np.float32]

FILES_AT_A_TIME = 16
"""A batch of this size has most of the gain of a full one; more would only hold more files open."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file; `error` is None when the clean file was written."""

    source: Path
    target: Path
    error: HushboxError | None


def denoise_samples(
    model: ModelFile,
    samples: Float32,
    sample_rate_hz: int,
    suppression_limit_db: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Float32:
    """Give the clean recording: as many samples at the same rate, aligned with the input sample by sample.

    `samples` is float32 `[samples]`, clipped to [-1, 1], NaN and infinities taken as 0. `progress` is told how many
    samples became clean. Raises EngineFailedError.
    """
    engine = _inline_engine(model, 1)
    clip = ClipStream(engine, sample_rate_hz, suppression_limit_db, _blocks(samples))
    clean: list[Float32] = []
    while not clip.done:
        clip.feed()
        engine.run_inline()
        for result in engine.drain():
            clip.deliver(result)
        clean.append(clip.take())
        if progress:
            progress(len(clean[-1]))
    return np.concatenate(clean)


def denoise_files(
    inputs: list[Path],
    output: Path,
    model: ModelFile,
    suppression_limit_db: float | None = None,
    *,
    file_format: FileFormat = "wav",
    overwrite: bool = False,
    show_progress: bool = True,
) -> list[FileOutcome]:
    """Denoise files and folders to a file or a folder (see `plan_files`, whose errors it raises before any work).

    Every clean file has the rate and the number of samples of its input and lines up with it; it appears under its
    name only when it is complete. A file that fails does not keep the others from being done.
    """
    pairs = plan_files(inputs, output, file_format=file_format, overwrite=overwrite)
    seconds = sum(_duration_s(pair.source) for pair in pairs) if show_progress else None
    layout = "{percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s of audio [{elapsed}<{remaining}]"
    # In a pipe or a log (disable=None: no terminal) a progress bar would only be litter.
    with tqdm(total=seconds, bar_format=layout, disable=None if show_progress else True) as bar:
        return _FileRun(model, pairs, suppression_limit_db, bar.update).run()


class _FileRun:
    """Several files at a time through one engine, batched."""

    def __init__(
        self,
        model: ModelFile,
        pairs: list[FilePair],
        suppression_limit_db: float | None,
        progress: Callable[[float], object],
    ) -> None:
        self._engine = _inline_engine(model, min(FILES_AT_A_TIME, len(pairs)))
        self._waiting = deque(pairs)
        self._suppression_limit_db = suppression_limit_db
        self._progress = progress
        self._jobs: dict[int, FileJob] = {}
        self._outcomes: list[FileOutcome] = []

    def run(self) -> list[FileOutcome]:
        """Do all files and give what became of each, in the order in which they ended."""
        try:
            while self._waiting or self._jobs:
                while self._waiting and len(self._jobs) < FILES_AT_A_TIME:
                    self._begin(self._waiting.popleft())
                self._advance()
        finally:
            for job in self._jobs.values():
                job.close()
        return self._outcomes

    def _begin(self, pair: FilePair) -> None:
        try:
            job = FileJob(self._engine, pair, self._suppression_limit_db)
        except HushboxError as error:
            self._outcomes.append(FileOutcome(pair.source, pair.target, error))
        else:
            self._jobs[job.stream_id] = job

    def _advance(self) -> None:
        self._engine.run_inline()
        finished: dict[int, list[Result]] = {stream_id: [] for stream_id in self._jobs}
        for result in self._engine.drain():
            finished[result.handle.stream_id].append(result)
        for stream_id, results in finished.items():
            job = self._jobs[stream_id]
            try:
                self._progress(job.advance(results) / job.sample_rate_hz)
            except HushboxError as error:
                self._end(stream_id, error)
            else:
                if job.done:
                    self._end(stream_id, None)

    def _end(self, stream_id: int, error: HushboxError | None) -> None:
        job = self._jobs.pop(stream_id)
        job.close()
        self._outcomes.append(FileOutcome(job.pair.source, job.pair.target, error))


def _inline_engine(model: ModelFile, max_files: int) -> Engine:
    config = EngineConfig(max_streams=0, max_file_streams=max_files, max_batch=max_files * model.frames_at_once)
    return Engine(model, config, wake=lambda: None)


def _blocks(samples: Float32) -> Iterator[Float32]:
    for start in range(0, len(samples), BLOCK_FRAMES):
        yield sanitise(samples[start : start + BLOCK_FRAMES])


def _duration_s(path: Path) -> float:
    try:
        return float(soundfile.info(str(path)).duration)
    except (soundfile.SoundFileError, TypeError):
        return 0.0  # its error is reported when its turn comes
