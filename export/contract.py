"""The contract that a module keeps to be exported, and the checks that find out where it does not (docs/export.md)."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from export.errors import (
    ContractError,
    CoupledRowsError,
    DynamicShapeError,
    HiddenStateError,
    LookAheadError,
    NotFiniteError,
    WeightsError,
)
from export.spec import AudioSpec, StateSpec

StateBounds = dict[str, float | None]
"""The largest magnitude of each state by name, where it is known by construction."""

COUPLING_TOLERANCE = 1e-4
"""Relative to the largest output: rows in larger batches are summed in another order, which is far below this."""


class StreamingModule(torch.nn.Module):
    """A module that streams. Models may inherit from it, but only have to have what it has: `spec`, `state_specs`, `forward`.

    `forward(frames, states)` takes frames `[batch, time, *spec.frame_shape]` and a list of states `[batch, ...]`, and returns
    denoised frames of the same shape and the next states in the same order.
    """

    spec: AudioSpec

    def state_specs(self) -> Sequence[StateSpec]:
        """Return name and shape of every state, in the order `forward` takes and returns them."""
        raise NotImplementedError


def initial_states(model: StreamingModule, batch: int) -> list[Tensor]:
    """Return zero states for `batch` new streams."""
    return [torch.zeros(batch, *spec.shape) for spec in model.state_specs()]


def check_weights(model: torch.nn.Module) -> None:
    """Raise WeightsError if a weight or buffer is NaN or infinite, ContractError if it is not float32."""
    for name, values in model.state_dict().items():
        if (values.is_floating_point() or values.is_complex()) and values.dtype != torch.float32:
            raise ContractError(f"{name} is {values.dtype}; the factory has to return a float32 model (model.float()).")
        if values.is_floating_point() and not torch.isfinite(values).all():
            count = int((~torch.isfinite(values)).sum())
            raise WeightsError(
                f"{name} holds {count} numbers that are NaN or infinite; take a checkpoint from before the training broke."
            )


def _copied(model: StreamingModule) -> StreamingModule:
    try:
        return copy.deepcopy(model)
    except RuntimeError as cause:
        raise ContractError(
            "The model cannot be copied, because a weight is computed from others, as torch.nn.utils.weight_norm does; call "
            "torch.nn.utils.remove_weight_norm on it in the factory."
        ) from cause


@torch.no_grad()
def check_contract(model: StreamingModule) -> bool:
    """Run `model` on noise and return whether it takes several frames at once. Raises ContractError and its kinds.

    Checked: shapes and types, equal results when run again and in a fresh copy, no look-ahead, no row that hears another.
    """
    check_weights(model)
    fresh = _copied(model)
    generator = torch.Generator().manual_seed(0)
    frames = 0.1 * torch.randn(3, 4, *model.spec.frame_shape, generator=generator)
    whole = _takes_whole_sequences(model, frames)
    frames = frames if whole else frames[:, :1]
    first, states = _run(model, frames, initial_states(model, 3))
    _check_shapes(model, frames, first, states)
    _check_numbers(model, frames)
    _check_memory(model, fresh, frames, (first, states))
    _check_rows(model, frames, first, states)
    if whole:
        _check_causality(model, frames, first)
    return whole


def _run(model: StreamingModule, frames: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
    # Copies, so that a module which writes into its arguments is found out.
    given = [frames.clone(), *(state.clone() for state in states)]
    try:
        result = model(given[0], list(given[1:]))
    except (Exception, SystemExit) as cause:
        raise ContractError(f"forward failed on frames {list(frames.shape)} with {first_line(cause)}") from cause
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[0], Tensor):
        raise ContractError("forward has to return (frames, states).")
    if not isinstance(result[1], (list, tuple)) or not all(isinstance(state, Tensor) for state in result[1]):
        raise ContractError(
            "forward has to return the next states as a list of tensors, in the order of state_specs()."
        )
    if not all(torch.equal(mine, theirs) for mine, theirs in zip((frames, *states), given, strict=True)):
        raise HiddenStateError("forward writes into its arguments; return new tensors instead (no in-place operators).")
    return result[0], list(result[1])


def _takes_whole_sequences(model: StreamingModule, frames: Tensor) -> bool:
    try:
        output, _ = _run(copy.deepcopy(model), frames, initial_states(model, len(frames)))
    except HiddenStateError:
        raise
    except ContractError:
        return False
    return output.shape == frames.shape


def _check_shapes(model: StreamingModule, frames: Tensor, output: Tensor, states: list[Tensor]) -> None:
    specs = list(model.state_specs())
    if output.shape != frames.shape or output.dtype != torch.float32:
        raise ContractError(
            f"forward gave {output.dtype} {list(output.shape)} for frames {list(frames.shape)}; it has to give float32 of the "
            "same shape (complex numbers as real pairs in the last axis)."
        )
    if len(states) != len(specs):
        raise ContractError(f"forward returned {len(states)} states; state_specs() names {len(specs)}.")
    for spec, state in zip(specs, states, strict=True):
        wanted = (len(frames), *spec.shape)
        if tuple(state.shape) != wanted or state.dtype != torch.float32:
            raise DynamicShapeError(
                f"State {spec.name!r} came back as {state.dtype} {list(state.shape)}, not float32 {list(wanted)}: a state has "
                "batch first and keeps its shape from frame to frame; states come back in the order of state_specs()."
            )


def _check_numbers(model: StreamingModule, frames: Tensor) -> None:
    for heard, what in ((torch.zeros_like(frames), "silence"), (frames, "noise")):
        output, states = _run(model, heard, initial_states(model, len(heard)))
        names = ["the output", *(f"state {spec.name!r}" for spec in model.state_specs())]
        broken = [
            name for name, values in zip(names, (output, *states), strict=True) if not torch.isfinite(values).all()
        ]
        if broken:
            raise NotFiniteError(
                f"On {what} {', '.join(broken)} holds NaN or infinity: add a small number such as 1e-8 before every "
                "division, logarithm and root, and keep their arguments from being negative."
            )


def _check_memory(
    model: StreamingModule, fresh: StreamingModule, frames: Tensor, first: tuple[Tensor, list[Tensor]]
) -> None:
    changed = [name for name, values in model.state_dict().items() if not torch.equal(values, fresh.state_dict()[name])]
    if changed:
        raise HiddenStateError(f"forward changed {', '.join(changed)}: make it a state that goes in and comes out.")
    for other, when in ((model, "when it ran again"), (fresh, "in a copy that had not run before")):
        output, states = _run(other, frames, initial_states(model, len(frames)))
        pairs = zip((first[0], *first[1]), (output, *states), strict=True)
        if not all(torch.equal(mine, theirs) for mine, theirs in pairs):
            raise HiddenStateError(
                f"The same frames and states gave another result {when}: the module remembers something outside its states, "
                "or draws random numbers. Make what it remembers a state that goes in and comes out."
            )


def _check_rows(model: StreamingModule, frames: Tensor, output: Tensor, states: list[Tensor]) -> None:
    alone, alone_states = _run(model, frames[1:2], initial_states(model, 1))
    for mine, batched in zip((alone, *alone_states), (output, *states), strict=True):
        largest = float(batched.abs().max()) + 1e-6
        if not float((mine[0] - batched[1]).abs().max()) <= COUPLING_TOLERANCE * largest:
            raise CoupledRowsError(
                "A row alone and the same row in a batch differ: something is computed over the batch axis "
                "(a mean, a norm or a reshape that mixes axis 0)."
            )


def _check_causality(model: StreamingModule, frames: Tensor, output: Tensor) -> None:
    later = frames.clone()
    later[:, 2:] *= -3.0
    changed, _ = _run(model, later, initial_states(model, len(frames)))
    largest = float(output.abs().max()) + 1e-6
    if not float((changed[:, :2] - output[:, :2]).abs().max()) <= COUPLING_TOLERANCE * largest:
        raise LookAheadError(
            "The output of a frame changes with later frames: use causal padding in time, layers that are not bidirectional "
            "in time, and no statistics over the whole sequence."
        )


def first_line(cause: BaseException) -> str:
    """Return the kind of an error and the first line of what it says."""
    said = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {said[0]}" if said else type(cause).__name__
