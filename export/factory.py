"""What `MODULE:FACTORY` on the command line names, and whether it makes a model at all."""

from __future__ import annotations

import importlib
import inspect
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch

from export.contract import StreamingModule, first_line
from export.errors import ContractError, DynamicShapeError, ExportError, FactoryError
from export.spec import AudioSpec, StateSpec


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
    except (Exception, SystemExit) as cause:
        raise FactoryError(
            f"{reference}: {first_line(cause)}; the module must be importable from this folder, and only define things."
        ) from cause
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
    except ExportError:
        raise
    except (Exception, SystemExit) as cause:
        raise FactoryError(f"{reference} failed with {first_line(cause)}") from cause
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
    try:
        specs = list(model.state_specs())
    except Exception as cause:
        raise ContractError(
            f"state_specs() failed with {first_line(cause)}; it returns a list of export.spec.StateSpec."
        ) from cause
    for spec in specs:
        if not isinstance(spec, StateSpec) or not isinstance(spec.name, str) or not spec.name.isidentifier():
            raise ContractError(f"state_specs() holds {spec!r}; it has to be a StateSpec whose name is an identifier.")
        if not isinstance(spec.shape, (tuple, list)):
            raise ContractError(f"State {spec.name!r} has the shape {spec.shape!r}; it has to be a tuple of numbers.")
        if spec.bound is not None and not 0 < spec.bound < math.inf:
            raise ContractError(f"State {spec.name!r} has the bound {spec.bound}; it has to be positive, or None.")
        if not all(isinstance(size, int) and size > 0 for size in spec.shape):
            raise DynamicShapeError(
                f"State {spec.name!r} has the shape {spec.shape}; every size must be a fixed number."
            )
    names = [spec.name for spec in specs]
    if len(set(names)) != len(names):
        raise ContractError(f"The names of states must differ: {', '.join(names)}.")
