"""A GRU over a whole sequence for training on a CPU: few large products instead of many small ones."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class GruOverTime(torch.autograd.Function):
    """The recurrence of a GRU, with a gradient that does per frame only what depends on the frame after it.

    Autograd through `torch.nn.GRU` on a CPU adds up weight gradients frame by frame; here they are one product over all
    frames, and the factors of the gradient are computed for all frames at once. Same results, less than half the time.
    Source: Cho et al. 2014 (arXiv:1406.1078), in the variant of torch.nn.GRU with the reset gate after the product.
    """

    @staticmethod
    def forward(ctx: Any, from_input: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return the states `[time, rows, hidden]` after each frame.

        `from_input` is `[time, rows, 3 * hidden]` (reset, update, candidate), `state` `[rows, hidden]`, `weight`
        `[3 * hidden, hidden]`, `bias` `[3 * hidden]`; all of one dtype.
        """
        frames, rows, triple = from_input.shape
        hidden = triple // 3
        resets, updates, candidates, recalled = from_input.new_empty(4, frames, rows, hidden)
        states = from_input.new_empty(frames + 1, rows, hidden)
        states[0] = state
        transposed = weight.t().contiguous()
        product = from_input.new_empty(rows, triple)
        for t in range(frames):
            now, before = from_input[t], states[t]
            torch.addmm(bias, before, transposed, out=product)
            torch.add(now[:, :hidden], product[:, :hidden], out=resets[t]).sigmoid_()
            torch.add(now[:, hidden : 2 * hidden], product[:, hidden : 2 * hidden], out=updates[t]).sigmoid_()
            recalled[t] = product[:, 2 * hidden :]
            torch.addcmul(now[:, 2 * hidden :], resets[t], recalled[t], out=candidates[t]).tanh_()
            torch.lerp(candidates[t], before, updates[t], out=states[t + 1])
        ctx.save_for_backward(resets, updates, candidates, recalled, states, weight)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the gradients of `from_input`, `state`, `weight` and `bias`."""
        resets, updates, candidates, recalled, states, weight = ctx.saved_tensors
        frames, rows, hidden = candidates.shape
        to_candidate = torch.ops.aten.tanh_backward(1 - updates, candidates)
        factors = candidates.new_empty(frames, 3, rows, hidden)
        factors[:, 0] = torch.ops.aten.sigmoid_backward(to_candidate * recalled, resets)
        factors[:, 1] = torch.ops.aten.sigmoid_backward(states[:-1] - candidates, updates)
        torch.mul(to_candidate, resets, out=factors[:, 2])
        output = gradients[0].contiguous()
        to_states = torch.empty_like(candidates)
        to_product = candidates.new_empty(frames, rows, 3, hidden)
        by_gate = to_product.transpose(1, 2)
        to_next = torch.zeros_like(states[0])
        for t in range(frames - 1, -1, -1):
            total = to_states[t]
            torch.add(output[t], to_next, out=total)
            torch.mul(total, factors[t], out=by_gate[t])
            torch.addmm(total * updates[t], to_product[t].view(rows, -1), weight, out=to_next)
        flat = to_product.view(-1, 3 * hidden)
        to_weight = flat.t() @ states[:-1].reshape(-1, hidden)
        to_bias = flat.new_ones(1, len(flat)) @ flat
        torch.mul(to_states, to_candidate, out=to_product[:, :, 2])
        return to_product.view(frames, rows, -1), to_next, to_weight, to_bias[0]
