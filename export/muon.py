"""Muon for weight matrices, AdamW for everything else, in one optimiser."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Quintic coefficients that push singular values to about one in five steps. Source: Jordan et al. 2024, Muon."""


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Return the nearest semi-orthogonal matrices, about, of `[blocks, rows, columns]`."""
    a, b, c = NEWTON_SCHULZ
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    restored: Tensor = (x.mT if tall else x).to(matrices.dtype)
    return restored


class Muon(torch.optim.Optimizer):
    """Momentum updates made orthogonal. A GRU's stacked gate matrices are orthogonalised one gate at a time.

    Parameter groups carry `lr`, `momentum`, `weight_decay` and `blocks` (3 for GRU matrices, else 1).
    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/, with the scale of Liu et al. 2025 (arXiv:2502.16982).
    """

    def __init__(self, groups: Iterable[dict[str, object]], lr: float, momentum: float = 0.95) -> None:
        super().__init__(groups, {"lr": lr, "momentum": momentum, "weight_decay": 0.01, "blocks": 1})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter in place. Mutates: the parameters and their momentum."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                momentum = self.state[parameter].setdefault("momentum", torch.zeros_like(parameter))
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                direction = parameter.grad.lerp(momentum, group["momentum"])
                blocks = direction.reshape(group["blocks"], -1, direction.shape[-1])
                rows, columns = blocks.shape[-2:]
                update = orthogonalise(blocks).reshape_as(parameter) * (0.2 * max(rows, columns) ** 0.5)
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"])


def make_optimisers(model: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices of `model` and AdamW for its vectors, both at learning rate `lr`."""
    gates = [p for name, p in model.named_parameters() if p.ndim == 2 and ".gru." in name]
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and ".gru." not in name]
    vectors = [p for p in model.parameters() if p.ndim != 2]
    muon = Muon([{"params": gates, "blocks": 3}, {"params": matrices}], lr)
    return [muon, torch.optim.AdamW(vectors, lr=lr, betas=(0.9, 0.98), weight_decay=0.0)]
