"""Recurrent states of all streams, one row a slot."""

from collections.abc import Mapping, Sized
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_server.errors import InternalError, TooManyStreamsError

Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A row of the pool and the generation in which it was acquired."""

    index: int
    generation: int


class StatePool:
    """The states of all slots, with owned rows: of each shape, `[states, slots, *shape]`.

    Those of one shape are copied at once: between two calls of numpy the network loop may take Python's lock, and the engine
    waits for it.

    Thread: one, the engine's.
    """

    def __init__(self, names: Mapping[tuple[int, ...], Sized], slots: int) -> None:
        self._rows = {shape: np.zeros((len(same), slots, *shape), np.float32) for shape, same in names.items()}
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
            rows[:, index] = 0.0
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

    def gather(self, indices: NDArray[np.intp], out: Mapping[tuple[int, ...], Float32]) -> None:
        """Copy the states of the slots `[batch]` into `out`, of each shape `[states, batch, *shape]`."""
        for shape, rows in self._rows.items():
            np.take(rows, indices, axis=1, out=out[shape], mode="clip")

    def scatter(self, indices: NDArray[np.intp], states: Mapping[tuple[int, ...], Float32]) -> None:
        """Commit the first `[batch]` of the states, of each shape `[states, batch or more, *shape]`, to the slots."""
        batch = len(indices)
        for shape, rows in self._rows.items():
            rows[:, indices] = states[shape][:, :batch]
