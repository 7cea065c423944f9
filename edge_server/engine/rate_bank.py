"""The audio side of all streams of one rate: hops to model input, model output to hops."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.bands import BandMap, limit_suppression
from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.stft import Complex64, Float32, Slots, StftBank

RAMP_FRAMES = 5
"""A change of the suppression limit over its whole range takes this many frames, so that nothing clicks."""


class RateBank:
    """STFT histories, tails and suppression floors of every slot at one rate.

    Thread: one, the engine's.
    """

    def __init__(self, geometry: StreamGeometry, slots: int, max_batch: int) -> None:
        self._stft = StftBank(geometry.window_samples, geometry.hop_samples, slots, max_batch)
        self._bands = BandMap(geometry)
        self._floors = np.zeros(slots, np.float32)

    def clear(self, slot: int, floor: float) -> None:
        """Make a slot ready for a new stream, which starts at `floor` without a ramp."""
        self._stft.clear(slot)
        self._floors[slot] = floor

    def analyse(self, slots: Slots, hops: Sequence[Float32] | Sequence[bytes], model_in: Float32) -> Complex64:
        """Give the dry spectra of the slots' next hops, and write the first `len(model_in)` of them as model input."""
        dry = self._stft.analyse(slots, hops)
        if len(model_in):
            self._bands.to_model(dry[: len(model_in)], model_in)
        return dry

    def hush(self, slot: int) -> None:
        """Let a slot's past be silence; its floor stays."""
        self._stft.clear(slot)

    def apply(
        self, slots: Slots, dry: Complex64, model_in: Float32, model_out: Float32, floors: Sequence[float]
    ) -> None:
        """Replace dry spectra `[batch, bins]` by what the model made of them, within the suppression floors asked for.

        Mutates: `dry`, and the slots' floors, which step towards `floors`.
        """
        stepped = self._step_floors(slots, floors)
        # Most voices keep nothing of the dry signal, and need no copy of it.
        limited = np.flatnonzero(stepped)
        kept = dry[limited]
        self._bands.from_model(dry, model_in, model_out)
        if len(limited):
            dry[limited] = limit_suppression(kept, dry[limited], stepped[limited])

    def synthesise(self, slots: Slots, spectrum: Complex64) -> Float32:
        """Give the slots' next finished hops `[batch, hop]` as a new array."""
        return self._stft.synthesise(slots, spectrum)

    def _step_floors(self, slots: Slots, floors: Sequence[float]) -> NDArray[np.float32]:
        current = self._floors[slots]
        change = np.asarray(floors, np.float32) - current
        step = np.float32(1.0 / RAMP_FRAMES)
        stepped = np.where(np.abs(change) <= step, floors, current + np.copysign(step, change)).astype(np.float32)
        self._floors[slots] = stepped
        return stepped
