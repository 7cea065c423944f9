import numpy as np
import pytest

from edge_server.engine.denoiser import Blocks
from edge_server.engine.state_pool import StatePool
from edge_server.errors import InternalError, TooManyStreamsError

FLAT, DEEP = (4,), (2, 3)


def pool(slots: int = 3) -> StatePool:
    return StatePool({FLAT: ["one", "two"], DEEP: ["three"]}, slots)


def states(value: float, batch: int) -> Blocks:
    """Give 1, 2 and 3 times the value in the states "one", "two" and "three"."""
    flat = np.stack([np.full((batch, *FLAT), factor * value, np.float32) for factor in (1, 2)])
    return {FLAT: flat, DEEP: np.full((1, batch, *DEEP), 3 * value, np.float32)}


def test_scattered_states_are_gathered_from_their_slots_only() -> None:
    states_pool = pool()
    indices = np.array([slot.index for slot in (states_pool.acquire(), states_pool.acquire(), states_pool.acquire())])
    committed, gathered = states(2.0, 3), states(9.0, 3)
    states_pool.scatter(indices[[2, 0]], committed)
    states_pool.gather(indices, gathered)
    assert gathered[FLAT].tolist() == [[[2.0] * 4, [0.0] * 4, [2.0] * 4], [[4.0] * 4, [0.0] * 4, [4.0] * 4]]
    assert gathered[DEEP][0, :, 0, 0].tolist() == [6.0, 0.0, 6.0]


def test_an_acquired_slot_is_zero_whatever_was_in_it() -> None:
    states_pool = pool(1)
    slot = states_pool.acquire()
    states_pool.scatter(np.array([slot.index]), states(5.0, 1))
    states_pool.release(slot)
    again = states_pool.acquire()
    gathered = states(9.0, 1)
    states_pool.gather(np.array([again.index]), gathered)
    assert again.index == slot.index
    assert not any(rows.any() for rows in gathered.values())


def test_a_stale_generation_owns_nothing() -> None:
    states_pool = pool(1)
    slot = states_pool.acquire()
    states_pool.release(slot)
    with pytest.raises(InternalError):
        states_pool.release(slot)
    owner = states_pool.acquire()
    with pytest.raises(InternalError):
        states_pool.check(slot)
    states_pool.check(owner)


def test_a_full_pool_refuses() -> None:
    states_pool = pool(2)
    states_pool.acquire()
    states_pool.acquire()
    with pytest.raises(TooManyStreamsError):
        states_pool.acquire()
