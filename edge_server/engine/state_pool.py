"""Recurrent states of all streams, one row a slot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_server.engine.model_file import StateFacts
from edge_server.errors import InternalError, TooManyStreamsError

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A row of the pool and the generation in which it was acquired."""

    index: int
    generation: int


class StatePool:
    """States `[slots, ...]` of every layer, with owned rows.

    Thread: one, the engine's.
    """

    def __init__(self, states: tuple[StateFacts, ...], slots: int) -> None:
        self._rows = {state.name: np.zeros((slots, *state.shape), np.float32) for state in states}
        self._generations = [0] * slots
        self._owned = [False] * slots
        self._free = list(range(slots - 1, -1, -1))

    @property
    def slots(self) -> int:
        """Give the number of slots, owned and free."""
        return len(self._owned)

    def acquire(self) -> SlotRef:
        """Give a free slot with zero states; raises TooManyStreamsError when there is none."""
        if not self._free:
            raise TooManyStreamsError(f"All {self.slots} slots are taken.")
        index = self._free.pop()
        self._owned[index] = True
        self._generations[index] += 1
        for rows in self._rows.values():
            rows[index] = 0.0
        return SlotRef(index, self._generations[index])

    def release(self, slot: SlotRef) -> None:
        """Give the slot back; raises InternalError when the caller does not own it any more."""
        self.check(slot)
        self._owned[slot.index] = False
        self._free.append(slot.index)

    def check(self, slot: SlotRef) -> None:
        """Raise InternalError unless the slot is owned in this generation."""
        if not self._owned[slot.index] or self._generations[slot.index] != slot.generation:
            raise InternalError(f"Slot {slot.index} is no longer owned by generation {slot.generation}.")

    def gather(self, indices: NDArray[np.intp], out: Mapping[str, Float32]) -> None:
        """Copy the states of the slots `[batch]` into `out`, `[batch, ...]` of every layer."""
        for name, rows in self._rows.items():
            np.take(rows, indices, axis=0, out=out[name], mode="clip")

    def scatter(self, indices: NDArray[np.intp], states: Mapping[str, Float32]) -> None:
        """Commit the first rows of states `[batch or more, ...]` to the slots `[batch]`."""
        batch = len(indices)
        for name, rows in self._rows.items():
            rows[indices] = states[name][:batch]
