"""The mean of checkpoints of runs that began at one place: between two good ones lies a better one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from export.checkpoint import read_checkpoint, save_checkpoint, sha256_of
from export.errors import CheckpointError

WEIGHTS = "averaged"


def average_checkpoints(checkpoints: Sequence[Path], target: Path) -> None:
    """Write the mean of the weights of checkpoints of our own training, with the last one's sizes and settings.

    What only a run that goes on needs, three times the weights, is left out.

    Source: Wortsman et al. 2022, "Model soups" (arXiv:2203.05482), section 2. Raises CheckpointError if one is unreadable,
    is none of our training, or has other sizes than the last.
    """
    contents = [read_checkpoint(path) for path in checkpoints]
    for path, content in zip(checkpoints, contents, strict=True):
        if WEIGHTS not in content or content.get("config") != contents[-1].get("config"):
            raise CheckpointError(f"{path} has no averaged weights, or another shape than {checkpoints[-1]}.")
    mean = {
        name: torch.stack([content[WEIGHTS][name] for content in contents]).mean(0)
        if last.is_floating_point()
        else last
        for name, last in contents[-1][WEIGHTS].items()
    }
    training = {**contents[-1].get("training", {}), "mean_of_sha256": [sha256_of(path) for path in checkpoints]}
    kept: dict[str, object] = {name: contents[-1][name] for name in ("config", "progress") if name in contents[-1]}
    save_checkpoint(target, {**kept, WEIGHTS: mean, "training": training})
