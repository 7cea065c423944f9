"""Checkpoints: a model's sizes and weights, with enough beside them to go on training."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import torch

from export.errors import CheckpointError
from export.model import Denoiser, ModelConfig


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
        raise CheckpointError(f"{path} is not a readable checkpoint: {cause}") from cause
    return content


def load_denoiser(path: Path) -> Denoiser:
    """Return the averaged-weight denoiser of a checkpoint, ready to run. Raises CheckpointError if it does not fit."""
    content = read_checkpoint(path)
    try:
        model = Denoiser(ModelConfig(**content["config"]))
        model.load_state_dict(content["averaged"])
    except (KeyError, TypeError, RuntimeError) as cause:
        raise CheckpointError(f"{path} does not hold a denoiser of this version: {cause}") from cause
    return model.eval()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
