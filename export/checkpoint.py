"""Checkpoints: a model's sizes and weights, with enough beside them to go on training."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from export.errors import CheckpointError
from export.model import Denoiser
from export.recipe import ModelConfig

WEIGHT_KEYS = ("averaged", "ema", "state_dict", "model_state_dict", "model", "weights", "net", "generator")
"""Where training programs keep the weights within a checkpoint, the best first."""

PARALLEL_PREFIX = "module."


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write `content` so that a crash never leaves a half-written file."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(path, buffer.getvalue())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is either there with all of its content or not there."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    partial.replace(path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Return the content of a checkpoint. Raises CheckpointError if it is missing or unreadable."""
    if not path.exists():
        raise CheckpointError(f"There is no checkpoint at {path}.")
    try:
        content: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as cause:
        kind = "holds Python objects" if "Unsupported global" in str(cause) else "is truncated or no file of torch.save"
        raise CheckpointError(
            f"{path} {kind}; it has to hold weights and plain values only: torch.save(model.state_dict(), path)."
        ) from cause
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{path} holds a {type(content).__name__}, not a dictionary; save it with torch.save(model.state_dict(), path)."
        )
    return dict(content)


def load_weights(model: nn.Module, content: Mapping[str, Any], path: Path) -> None:
    """Load the weights of a checkpoint into `model`, all of them. Raises CheckpointError that names what does not fit.

    Weights may be the checkpoint itself or one of its entries, may come from a parallel wrapper (`module.`), and may belong to
    the one submodule that they fit when the model is an adapter around a public one.
    """
    weights = _weights(content, path)
    own = model.state_dict()
    if set(weights) != set(own):
        for child in model.children():
            if set(child.state_dict()) == set(weights):
                model, own = child, child.state_dict()
                break
    missing, unknown = sorted(set(own) - set(weights)), sorted(set(weights) - set(own))
    resized = [
        f"{name} is {list(weights[name].shape)} and should be {list(own[name].shape)}"
        for name in sorted(set(own) & set(weights))
        if weights[name].shape != own[name].shape
    ]
    faults = [f"{text} {_some(names)}" for text, names in (("it lacks", missing), ("it has unknown", unknown)) if names]
    faults += resized[:3]
    faults += [f"{name} is {weights[name].dtype}" for name in _of_another_kind(weights, own)[:3]]
    if faults:
        raise CheckpointError(f"{path} does not fit the model: {'; '.join(faults)}.")
    model.load_state_dict(weights)


def _weights(content: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    found = [content[key] for key in WEIGHT_KEYS if isinstance(content.get(key), Mapping)]
    for weights in (*found, content):
        tensors = {str(key): value for key, value in weights.items() if isinstance(value, Tensor)}
        if tensors:
            prefix = PARALLEL_PREFIX if all(key.startswith(PARALLEL_PREFIX) for key in tensors) else ""
            return {key.removeprefix(prefix): value for key, value in tensors.items()}
    raise CheckpointError(f"{path} holds no weights: neither tensors, nor an entry named {', '.join(WEIGHT_KEYS)}.")


def _of_another_kind(weights: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    """Return what holds integers or complex numbers where the model has real numbers; their precision may differ."""
    shared = sorted(set(weights) & set(own))
    return [name for name in shared if own[name].is_floating_point() and not weights[name].is_floating_point()]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def denoiser(content: Mapping[str, Any]) -> Denoiser:
    """Return our own denoiser in the sizes of a checkpoint, weights not loaded: the factory that the command line uses."""
    try:
        return Denoiser(ModelConfig(**content["config"]))
    except (KeyError, TypeError) as cause:
        raise CheckpointError(f"The checkpoint does not hold a denoiser of this version: {cause!r}") from cause


def load_denoiser(path: Path) -> Denoiser:
    """Return the averaged-weight denoiser of a checkpoint, ready to run. Raises CheckpointError if it does not fit."""
    content = read_checkpoint(path)
    model = denoiser(content)
    load_weights(model, content, path)
    return model.eval()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
