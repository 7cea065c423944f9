"""The model as a function: spectra and states in, spectra and states out."""

import math
from collections.abc import Mapping

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from edge_server.engine.model_file import LAST_ROW, ModelFile
from edge_server.errors import EngineFailedError

Float32 = NDArray[np.float32]
States = dict[str, Float32]


class Denoiser:
    """A model that holds no state of its own; `frames_at_once` are what `run_several` takes of every stream, 1 where it cannot.

    Thread: one at a time.
    """

    def __init__(self, model: ModelFile) -> None:
        self._one = model.session
        self._several = model.several.session if model.several else model.session
        self.frames_at_once = model.frames_at_once
        self._state_names = [state.name for state in model.facts.states]
        self._output_names = ["spectrum_out", *(f"state_out_{name}" for name in self._state_names)]

    def run(self, spectrum: Float32, states: Mapping[str, Float32]) -> tuple[Float32, States]:
        """Give the clean spectra and the next states of a batch, as new arrays.

        `spectrum` is float32 `[batch, bins, 2]` at the model's rate and scale; `states` has `[batch, ...]` for every
        layer. Raises EngineFailedError when the run fails or gives anything but finite numbers; the arguments are
        never changed, so nothing is committed.
        """
        return self._run(self._one, {"spectrum": spectrum}, states)

    def run_several(
        self, spectrum: Float32, states: Mapping[str, Float32], lengths: NDArray[np.intp]
    ) -> tuple[Float32, States]:
        """Do what `run` does for `frames_at_once` frames of every stream, with the same bits.

        `spectrum` is float32 `[frames_at_once * batch, bins, 2]`, first all streams' first frames. The states that come
        out are those after the first `lengths` `[batch]` frames, 1 or more of each stream.
        """
        last_row = (lengths - 1) * len(lengths) + np.arange(len(lengths))
        return self._run(self._several, {"spectrum": spectrum, LAST_ROW: last_row.astype(np.int64)}, states)

    def _run(
        self, session: ort.InferenceSession, feeds: dict[str, NDArray[np.generic]], states: Mapping[str, Float32]
    ) -> tuple[Float32, States]:
        feeds |= {f"state_in_{name}": states[name] for name in self._state_names}
        try:
            outputs = session.run(self._output_names, feeds)
        except Exception as error:  # onnxruntime's exception classes share no base of their own
            raise EngineFailedError(f"The model could not be run: {error}") from error
        # A NaN in a state would never leave it again; a sum is the cheapest look at every number.
        if not all(math.isfinite(np.add.reduce(output, axis=None)) for output in outputs):
            raise EngineFailedError("The model gave numbers that are not finite.")
        return outputs[0], dict(zip(self._state_names, outputs[1:], strict=True))
