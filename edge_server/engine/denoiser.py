"""The model as a function: spectra and states in, spectra and states out."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError

Float32 = NDArray[np.float32]


class Denoiser:
    """A model that holds no state of its own.

    Thread: one at a time.
    """

    def __init__(self, model: ModelFile) -> None:
        self._session = model.session
        self._state_names = [state.name for state in model.facts.states]
        self._output_names = ["spectrum_out", *(f"state_out_{name}" for name in self._state_names)]

    def run(self, spectrum: Float32, states: Mapping[str, Float32]) -> tuple[Float32, dict[str, Float32]]:
        """Give the clean spectra and the next states of a batch, as new arrays.

        `spectrum` is float32 `[batch, bins, 2]` at the model's rate and scale; `states` has `[batch, ...]` for every
        layer. Raises EngineFailedError when the run fails or gives anything but finite numbers; the arguments are
        never changed, so nothing is committed.
        """
        feeds = {"spectrum": spectrum} | {f"state_in_{name}": states[name] for name in self._state_names}
        try:
            outputs = self._session.run(self._output_names, feeds)
        except Exception as error:  # onnxruntime's exception classes share no base of their own
            raise EngineFailedError(f"The model could not be run: {error}") from error
        # A NaN in a state would never leave it again; a sum is the cheapest look at every number.
        if not all(math.isfinite(np.add.reduce(output, axis=None)) for output in outputs):
            raise EngineFailedError("The model gave numbers that are not finite.")
        return outputs[0], dict(zip(self._state_names, outputs[1:], strict=True))
