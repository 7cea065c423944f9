"""The model, run on memory of its own: spectra and states in, spectra and states out."""

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_server.engine.model_file import LAST_ROW, ModelFile
from edge_server.errors import EngineFailedError

Float32 = NDArray[np.float32]
Blocks = dict[tuple[int, ...], Float32]
"""The states of each shape, `[states, streams, *shape]` in the order of `ModelFacts.state_blocks`."""
_Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class ModelRun:
    """A run of one size: `spectrum`, `states` and `last_row` go in, `clean` and `next_states` come out.

    `spectrum` and `clean` are `[frames, streams, bins, 2]` at the model's rate and scale. `last_row` `[streams]` is where, in
    `frames * streams` rows, each stream's last frame is; None where a run takes one frame. `outputs` is `clean` and
    `next_states` as one array.

    Runs of all sizes lie in the same memory: writing to one, or computing it, is the end of what another holds.
    """

    spectrum: Float32
    states: Blocks
    last_row: NDArray[np.int64] | None
    clean: Float32
    next_states: Blocks
    outputs: Float32
    session: ort.InferenceSession
    binding: ort.IOBinding

    @property
    def streams(self) -> int:
        """How many streams the run takes."""
        streams: int = self.spectrum.shape[1]
        return streams

    def compute(self) -> None:
        """Compute what comes out from what went in, which is not changed.

        Raises EngineFailedError when the run fails or gives anything but finite numbers. Mutates: `clean`, `next_states`.
        """
        try:
            self.session.run_with_iobinding(self.binding)
        except Exception as error:  # onnxruntime's exception classes share no base of their own
            raise EngineFailedError(f"The model could not be run: {error}") from error
        # A NaN in a state would never leave it again; a sum is the cheapest look at every number.
        if not math.isfinite(np.add.reduce(self.outputs)):
            raise EngineFailedError("The model gave numbers that are not finite.")


class Denoiser:
    """A model, and the memory of its runs, which onnxruntime reads and writes itself.

    `frames_at_once` is the most frames of a stream in one run: 1 where the model has no second graph, or `max_batch` no
    room for it.

    Thread: one at a time.
    """

    def __init__(self, model: ModelFile, max_batch: int) -> None:
        self._sessions = {1: model.session}
        if model.several is not None and model.frames_at_once <= max_batch:
            self._sessions[model.frames_at_once] = model.several.session
        self.frames_at_once = max(self._sessions)
        self._bins = model.facts.bins
        self._names = model.facts.state_blocks
        row = 2 * self._bins + sum(len(names) * math.prod(shape) for shape, names in self._names.items())
        self._inputs = np.zeros(max_batch * row, np.float32)
        self._outputs = np.zeros(max_batch * row, np.float32)
        self._prepared: dict[tuple[int, int], ModelRun] = {}

    def prepare(self, streams: int, frames: int = 1) -> ModelRun:
        """Give the run of `streams` with 1 or `frames_at_once` frames of each; all frames are at most `max_batch`.

        It holds whatever was left in its memory.
        """
        if (streams, frames) not in self._prepared:
            self._prepared[streams, frames] = self._bind(streams, frames)
        return self._prepared[streams, frames]

    def probe(self) -> None:
        """Run silence, as a stream that begins, through every graph; raises EngineFailedError."""
        for frames in self._sessions:
            run = self.prepare(1, frames)
            run.spectrum[:] = 0.0
            for values in run.states.values():
                values[:] = 0.0
            if run.last_row is not None:
                run.last_row[:] = frames - 1
            run.compute()

    def _bind(self, streams: int, frames: int) -> ModelRun:
        spectrum, states, _ = self._lay_out(self._inputs, streams, frames)
        clean, next_states, outputs = self._lay_out(self._outputs, streams, frames)
        last_row = None if frames == 1 else np.zeros(streams, np.int64)
        binding = self._sessions[frames].io_binding()
        rows = (frames * streams, self._bins, 2)
        arrays_in: dict[str, _Array] = {"spectrum": spectrum.reshape(rows), **self._named("state_in_", states)}
        if last_row is not None:
            arrays_in[LAST_ROW] = last_row
        arrays_out = {"spectrum_out": clean.reshape(rows), **self._named("state_out_", next_states)}
        for bind, arrays in ((binding.bind_input, arrays_in), (binding.bind_output, arrays_out)):
            for name, values in arrays.items():
                bind(name, "cpu", 0, values.dtype.type, values.shape, values.ctypes.data)
        return ModelRun(
            spectrum=spectrum,
            states=states,
            last_row=last_row,
            clean=clean,
            next_states=next_states,
            outputs=outputs,
            session=self._sessions[frames],
            binding=binding,
        )

    def _lay_out(self, memory: Float32, streams: int, frames: int) -> tuple[Float32, Blocks, Float32]:
        """Give spectra and states that lie one after the other in memory, and as much of it as they take."""
        shapes: list[tuple[int, ...]] = [(frames, streams, self._bins, 2)]
        shapes += [(len(names), streams, *shape) for shape, names in self._names.items()]
        ends = list(accumulate(math.prod(shape) for shape in shapes))
        spectrum, *states = (
            memory[end - math.prod(shape) : end].reshape(shape) for shape, end in zip(shapes, ends, strict=True)
        )
        return spectrum, dict(zip(self._names, states, strict=True)), memory[: ends[-1]]

    def _named(self, prefix: str, blocks: Blocks) -> dict[str, Float32]:
        return {
            prefix + name: values
            for shape, names in self._names.items()
            for name, values in zip(names, blocks[shape], strict=True)
        }
