"""The contract that a module keeps to be exported, and the checks that find out where it does not (docs/export.md)."""

from __future__ import annotations

import copy
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from export.errors import (
    ContractError,
    CoupledRowsError,
    DynamicShapeError,
    FactoryError,
    HiddenStateError,
    LookAheadError,
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


def load_factory(reference: str) -> Callable[..., Any]:
    """Return what `MODULE:FACTORY` names; modules of the working folder are found. Raises FactoryError."""
    module_name, _, name = reference.partition(":")
    if not module_name or not name:
        raise FactoryError(f"{reference!r} is not MODULE:FACTORY, for example my_denoiser:make_model.")
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        factory = getattr(importlib.import_module(module_name.removesuffix(".py").replace("/", ".")), name)
    except (ImportError, AttributeError, SyntaxError, ValueError) as cause:
        raise FactoryError(f"{reference}: {cause}; the module must be importable from this folder.") from cause
    if not callable(factory):
        raise FactoryError(f"{reference} is a {type(factory).__name__}, not a function or class that makes a model.")
    return cast(Callable[..., Any], factory)


def make_model(reference: str, checkpoint: dict[str, Any]) -> StreamingModule:
    """Return the model that `MODULE:FACTORY` makes; a factory with a parameter is given the checkpoint. Raises FactoryError."""
    factory = load_factory(reference)
    try:
        needed = [p for p in inspect.signature(factory).parameters.values() if p.default is p.empty]
        takes_one = [p for p in needed if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        model = factory(checkpoint) if takes_one else factory()
    except Exception as cause:
        raise FactoryError(f"{reference} failed with {type(cause).__name__}: {cause}") from cause
    return as_streaming(model)


def as_streaming(model: object) -> StreamingModule:
    """Return `model` in eval mode if it has what the contract names. Raises ContractError."""
    kind = type(model).__name__
    if not isinstance(model, torch.nn.Module):
        raise ContractError(f"The factory made a {kind}; it has to be a torch.nn.Module.")
    if not isinstance(getattr(model, "spec", None), AudioSpec):
        raise ContractError(f"{kind} has no attribute 'spec' with an export.spec.AudioSpec.")
    if not callable(getattr(model, "state_specs", None)):
        raise ContractError(f"{kind} has no method 'state_specs()' that returns a list of export.spec.StateSpec.")
    streaming = cast(StreamingModule, model)
    _check_state_specs(streaming)
    return streaming.eval()


def _check_state_specs(model: StreamingModule) -> None:
    specs = list(model.state_specs())
    for spec in specs:
        if not isinstance(spec, StateSpec) or not spec.name.isidentifier():
            raise ContractError(f"state_specs() holds {spec!r}; it has to be a StateSpec whose name is an identifier.")
        if not all(isinstance(size, int) and size > 0 for size in spec.shape):
            raise DynamicShapeError(
                f"State {spec.name!r} has the shape {spec.shape}; every size must be a fixed number."
            )
    names = [spec.name for spec in specs]
    if len(set(names)) != len(names):
        raise ContractError(f"The names of states must differ: {', '.join(names)}.")


def initial_states(model: StreamingModule, batch: int) -> list[Tensor]:
    """Return zero states for `batch` new streams."""
    return [torch.zeros(batch, *spec.shape) for spec in model.state_specs()]


def check_weights(model: torch.nn.Module) -> None:
    """Raise WeightsError if a weight or buffer is NaN or infinite."""
    for name, values in model.state_dict().items():
        if values.is_floating_point() and not torch.isfinite(values).all():
            count = int((~torch.isfinite(values)).sum())
            raise WeightsError(
                f"{name} holds {count} numbers that are NaN or infinite; take a checkpoint from before the training broke."
            )


@torch.no_grad()
def check_contract(model: StreamingModule) -> bool:
    """Run `model` on noise and return whether it takes several frames at once. Raises ContractError and its kinds.

    Checked: shapes and types, equal results when run again and in a fresh copy, no look-ahead, no row that hears another.
    """
    check_weights(model)
    fresh = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(0)
    frames = 0.1 * torch.randn(3, 4, *model.spec.frame_shape, generator=generator)
    whole = _takes_whole_sequences(model, frames)
    frames = frames if whole else frames[:, :1]
    first, states = _run(model, frames, initial_states(model, 3))
    _check_shapes(model, frames, first, states)
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
    except Exception as cause:
        raise ContractError(
            f"forward failed on frames {list(frames.shape)} with {type(cause).__name__}: {str(cause).splitlines()[0]}"
        ) from cause
    if not isinstance(result, tuple) or len(result) != 2 or not isinstance(result[0], Tensor):
        raise ContractError("forward has to return (frames, states).")
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
                "batch first and keeps its shape from frame to frame."
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
