"""The model as a function of memory that is kept: spectra and states in, spectra and states out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_server.engine.model_file import LAST_ROW, ModelFile
from edge_server.errors import EngineFailedError

Float32 = NDArray[np.float32]
States = dict[str, Float32]
_Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class ModelRun:
    """Where the input of a run of one size is put, and where its output is found until the next run of any size.

    `spectrum` and `clean` are `[frames, streams, bins, 2]` at the model's rate and scale, `states` and `next_states` have
    `[streams, ...]` for every layer. `last_row` `[streams]` is where, in `frames * streams` rows, each stream's last frame
    is; None where a run takes one frame.
    """

    spectrum: Float32
    states: States
    last_row: NDArray[np.int64] | None
    clean: Float32
    next_states: States
    outputs: Float32
    """`clean` and `next_states` as one array."""
    session: ort.InferenceSession
    binding: ort.IOBinding

    @property
    def streams(self) -> int:
        """How many streams the run takes."""
        streams: int = self.spectrum.shape[1]
        return streams

    def clear(self) -> None:
        """Make the input one frame of silence for streams that begin."""
        self.spectrum[:] = 0.0
        for values in self.states.values():
            values[:] = 0.0
        if self.last_row is not None:
            self.last_row[:] = np.arange(self.streams)


class Denoiser:
    """A model, and the memory of its runs.

    `frames_at_once` are what one run may take of every stream: 1, or 1 and so many. onnxruntime reads and writes this
    memory itself, so a run allocates and copies nothing around it.

    Thread: one at a time. Mutates: what `prepare` gave.
    """

    def __init__(self, model: ModelFile, max_batch: int) -> None:
        self._sessions = {1: model.session}
        if model.several is not None and model.frames_at_once <= max_batch:
            self._sessions[model.frames_at_once] = model.several.session
        self.frames_at_once = max(self._sessions)
        self._bins = model.facts.bins
        self._states = {state.name: state.shape for state in model.facts.states}
        row = 2 * self._bins + sum(math.prod(shape) for shape in self._states.values())
        self._inputs = np.zeros(max_batch * row, np.float32)
        self._outputs = np.zeros(max_batch * row, np.float32)
        self._prepared: dict[tuple[int, int], ModelRun] = {}

    def prepare(self, streams: int, frames: int = 1) -> ModelRun:
        """Give the run of so many streams and 1 or `frames_at_once` frames of each, in all no more than `max_batch`.

        It holds whatever was left in its memory.
        """
        if (streams, frames) not in self._prepared:
            self._prepared[streams, frames] = self._bind(streams, frames)
        return self._prepared[streams, frames]

    def run(self, run: ModelRun) -> None:
        """Compute the output of a run from its input, which is not changed.

        Raises EngineFailedError when the run fails or gives anything but finite numbers.
        """
        try:
            run.session.run_with_iobinding(run.binding)
        except Exception as error:  # onnxruntime's exception classes share no base of their own
            raise EngineFailedError(f"The model could not be run: {error}") from error
        # A NaN in a state would never leave it again; a sum is the cheapest look at every number.
        if not math.isfinite(np.add.reduce(run.outputs)):
            raise EngineFailedError("The model gave numbers that are not finite.")

    def _bind(self, streams: int, frames: int) -> ModelRun:
        rows: dict[str, tuple[int, ...]] = {"spectrum": (frames * streams, self._bins, 2)}
        rows_out = {"spectrum_out": rows["spectrum"]}
        for name, shape in self._states.items():
            rows[f"state_in_{name}"] = rows_out[f"state_out_{name}"] = (streams, *shape)
        inputs, outputs = _lay_out(self._inputs, rows), _lay_out(self._outputs, rows_out)
        last_row = None if frames == 1 else np.zeros(streams, np.int64)
        by_time = (frames, streams, self._bins, 2)
        session = self._sessions[frames]
        return ModelRun(
            inputs["spectrum"].reshape(by_time),
            {name: inputs[f"state_in_{name}"] for name in self._states},
            last_row,
            outputs["spectrum_out"].reshape(by_time),
            {name: outputs[f"state_out_{name}"] for name in self._states},
            self._outputs[: sum(values.size for values in outputs.values())],
            session,
            _binding(session, inputs if last_row is None else inputs | {LAST_ROW: last_row}, outputs),
        )


def _lay_out(memory: Float32, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Float32]:
    """Give arrays that lie one after the other in memory."""
    arrays: dict[str, Float32] = {}
    start = 0
    for name, shape in shapes.items():
        stop = start + math.prod(shape)
        arrays[name] = memory[start:stop].reshape(shape)
        start = stop
    return arrays


def _binding(
    session: ort.InferenceSession, inputs: Mapping[str, _Array], outputs: Mapping[str, _Array]
) -> ort.IOBinding:
    binding = session.io_binding()
    for bind, arrays in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
        for name, values in arrays.items():
            bind(name, "cpu", 0, values.dtype.type, values.shape, values.ctypes.data)
    return binding
