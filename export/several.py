"""The file that takes several frames in one run, beside the shipped one that takes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from edge_server.engine.model_file import LAST_ROW
from export.graph.unrolled import unroll
from export.metadata import FRAMES_AT_ONCE, embed, several_path
from export.runtime import FrameRunner

Frames = NDArray[np.float32]


def write_several(shipped: Path, model: onnx.ModelProto, facts: dict[str, Any], heard: Frames) -> None:
    """Write the file for `FRAMES_AT_ONCE` frames if it gives the bits of `model` on `heard` `[streams, time, ...]`.

    Else there is none, and the box runs this model a frame at a time.
    """
    path = several_path(shipped)
    unrolled = _proven(model, heard)
    if unrolled is None:
        path.unlink(missing_ok=True)
    else:
        onnx.save(unrolled, path)
        tell_several(shipped, facts)


def tell_several(shipped: Path, facts: dict[str, Any]) -> None:
    """Write the facts of `shipped` into the file for several frames beside it, if there is one. Mutates: the file."""
    if several_path(shipped).is_file():
        embed(several_path(shipped), facts | {"frames_at_once": FRAMES_AT_ONCE})


def stream_several(unrolled: Path | bytes, frames: Frames) -> Frames:
    """Return `frames` `[streams, time, ...]`, time a multiple of FRAMES_AT_ONCE, denoised several at a time from zero states."""
    runner = FrameRunner(unrolled)
    streams = len(frames)
    last_row = (FRAMES_AT_ONCE - 1) * streams + np.arange(streams)
    states = runner.initial_states(streams)
    cleaned = np.empty_like(frames)
    for start in range(0, frames.shape[1], FRAMES_AT_ONCE):
        taken = frames[:, start : start + FRAMES_AT_ONCE].swapaxes(0, 1)
        rows = np.ascontiguousarray(taken).reshape(-1, *frames.shape[2:])
        outputs = runner.run({runner.frame_input: rows, LAST_ROW: last_row, **states})
        cleaned[:, start : start + FRAMES_AT_ONCE] = outputs[runner.frame_output].reshape(taken.shape).swapaxes(0, 1)
        states = runner.next_states(outputs)
    return cleaned


def _proven(model: onnx.ModelProto, heard: Frames) -> onnx.ModelProto | None:
    """Return `model` unrolled, or None if that does not run or gives other bits."""
    frames = heard[:, : heard.shape[1] // FRAMES_AT_ONCE * FRAMES_AT_ONCE]
    try:
        unrolled = unroll(model, FRAMES_AT_ONCE)
        several = stream_several(unrolled.SerializeToString(), frames)
    except Exception:  # onnxruntime's share no base; a tensor whose axis 0 is not the batch cannot be cut into frames
        return None
    return unrolled if np.array_equal(several, FrameRunner(model.SerializeToString()).stream(frames)) else None
