"""The audio side of all streams of one rate: hops to model input, model output to hops."""

import numpy as np

from edge_server.audio.bands import BandMap, limit_suppression
from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.stft import Complex64, Float32, Hops, Lengths, Slots, StftBank, of_last

RAMP_FRAMES = 5
"""A change of the suppression limit over its whole range takes this many frames, so that nothing clicks."""


class RateBank:
    """STFT histories, tails and suppression floors of every slot at one rate.

    Thread: one, the engine's.
    """

    def __init__(self, geometry: StreamGeometry, slots: int, max_frames: int) -> None:
        self._stft = StftBank(geometry.window_samples, geometry.hop_samples, slots, max_frames)
        self._bands = BandMap(geometry)
        self._floors = np.zeros(slots, np.float32)

    def clear(self, slot: int, floor: float) -> None:
        """Make a slot ready for a new stream, which starts at `floor` without a ramp."""
        self._stft.clear(slot)
        self._floors[slot] = floor

    def hush(self, slot: int) -> None:
        """Let a slot's past be silence; its floor stays."""
        self._stft.clear(slot)

    def analyse(self, slots: Slots, hops: Hops, lengths: Lengths, model_in: Float32) -> Complex64:
        """Give the dry spectra `[frames, batch, bins]` of the slots' next hops (see `StftBank.analyse`).

        Mutates: `model_in` `[frames, on_time, model_bins, 2]`, to what the model is to hear of the first ones.
        """
        dry = self._stft.analyse(slots, hops, lengths)
        if on_time := model_in.shape[1]:
            self._bands.to_model(dry[:, :on_time], model_in)
        return dry

    def apply(
        self, slots: Slots, dry: Complex64, model_in: Float32, model_out: Float32, floors: Float32, lengths: Lengths
    ) -> None:
        """Replace dry spectra `[frames, batch, bins]` by what the model made of them, within the floors `[frames, batch]`.

        Mutates: `dry`, and the slots' floors, which step towards `floors`.
        """
        stepped = self._step_floors(slots, floors, lengths)
        # Most voices keep nothing of the dry signal, and need no copy of it.
        limited = stepped.nonzero() if np.count_nonzero(stepped) else None
        kept = dry[limited] if limited else None
        self._bands.from_model(dry, model_in, model_out)
        if kept is not None:
            dry[limited] = limit_suppression(kept, dry[limited], stepped[limited])

    def synthesise(self, slots: Slots, spectrum: Complex64, lengths: Lengths) -> Float32:
        """Give the slots' next finished hops `[frames, batch, hop]` as a new array (see `StftBank.synthesise`)."""
        return self._stft.synthesise(slots, spectrum, lengths)

    def _step_floors(self, slots: Slots, floors: Float32, lengths: Lengths) -> Float32:
        current = self._floors[slots]
        if not np.count_nonzero(floors != current):
            return floors
        step = np.float32(1.0 / RAMP_FRAMES)
        stepped = np.empty_like(floors)
        for wanted, reached in zip(floors, stepped, strict=True):
            change = wanted - current
            near = np.abs(change) <= step
            reached[:] = current = np.where(near, wanted, current + np.copysign(step, change))
        self._floors[slots] = of_last(stepped, lengths)
        return stepped
