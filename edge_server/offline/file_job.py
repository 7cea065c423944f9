"""One file from disk to disk, a block at a time."""

from contextlib import ExitStack

import soundfile

from edge_server.audio.files import FileLimits, blocks, open_audio
from edge_server.audio.pcm import to_s16
from edge_server.engine.stream_handle import Result
from edge_server.engine.worker import Engine
from edge_server.errors import FileEmptyError, OutputUnwritableError
from edge_server.offline.clip_stream import ClipStream
from edge_server.offline.plan import FilePair

NO_LIMITS = FileLimits()


class FileJob:
    """A noisy file that is being read, denoised and written at the same time.

    The clean file has a name of its own (`.part`) until it is complete. `close` ends the job in any case.
    Raises FileEmptyError, FileUnreadableError, TooManyStreamsError or OutputUnwritableError.
    """

    def __init__(self, engine: Engine, pair: FilePair, suppression_limit_db: float | None) -> None:
        self.pair = pair
        self._part = pair.target.with_name(pair.target.name + ".part")
        self._written_samples = 0
        with ExitStack() as stack:
            sound = stack.enter_context(open_audio(pair.source, NO_LIMITS))
            self.sample_rate_hz: int = sound.samplerate
            self._clip = ClipStream(engine, self.sample_rate_hz, suppression_limit_db, blocks(sound, NO_LIMITS))
            stack.callback(self._clip.close)
            self._writer = self._open_writer(stack)
            self._clip.feed()
            self._open_things = stack.pop_all()

    @property
    def stream_id(self) -> int:
        """Give the id of the job's stream in the engine."""
        return self._clip.handle.stream_id

    @property
    def done(self) -> bool:
        """Say whether the clean file is complete."""
        return self._clip.done

    def advance(self, results: list[Result]) -> int:
        """Take the engine's results, write what became clean, feed the engine again; give the samples written."""
        for result in results:
            self._clip.deliver(result)
        clean = self._clip.take()
        try:
            self._writer.write(to_s16(clean))
            self._written_samples += len(clean)
            if self.done:
                self._complete()
        except (soundfile.SoundFileError, OSError) as error:
            raise OutputUnwritableError(f"{self.pair.target} cannot be written: {error}") from error
        self._clip.feed()
        return len(clean)

    def close(self) -> None:
        """Close everything; a clean file that is not complete is removed."""
        self._open_things.close()

    def _open_writer(self, stack: ExitStack) -> soundfile.SoundFile:
        container = self.pair.file_format.upper()
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            stack.callback(self._part.unlink, missing_ok=True)
            writer = soundfile.SoundFile(self._part, "w", self.sample_rate_hz, 1, "PCM_16", format=container)
            return stack.enter_context(writer)
        except (soundfile.SoundFileError, OSError) as error:
            raise OutputUnwritableError(f"{self.pair.target} cannot be written: {error}") from error

    def _complete(self) -> None:
        if not self._written_samples:
            raise FileEmptyError(f"{self.pair.source} holds no audio.")
        self._writer.close()
        self._part.replace(self.pair.target)
