"""The forms that a model takes on its way to the server, each running the same audio, and the distances between them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge_server.engine.model_file import load_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.offline.clip_stream import ClipStream
from export.contract import StreamingModule, initial_states
from export.graph.to_onnx import FrameModel
from export.runtime import FrameRunner

Samples = NDArray[np.float32]
Frames = NDArray[np.float32]


@torch.no_grad()
def offline(model: StreamingModule, frames: Frames) -> Frames:
    """Return the whole sequence denoised in one call."""
    cleaned, _ = model(torch.from_numpy(frames), initial_states(model, len(frames)))
    result: Frames = cleaned.numpy()
    return result


@torch.no_grad()
def own_offline(model: StreamingModule, frames: Frames) -> Frames:
    """Return what the module's own `offline(frames)` makes of a whole sequence: the network as it was published, say."""
    result: Frames = model.offline(torch.from_numpy(frames)).numpy()  # type: ignore[operator]
    return result


@torch.no_grad()
def one_by_one(model: StreamingModule, frames: Frames) -> Frames:
    """Stream through the layers as they were trained, one frame a call."""
    states = initial_states(model, len(frames))
    cleaned = []
    for index in range(frames.shape[1]):
        output, states = model(torch.from_numpy(frames[:, index : index + 1]), list(states))
        cleaned.append(output)
    result: Frames = torch.cat(cleaned, dim=1).numpy()
    return result


@torch.no_grad()
def by_frame(model: StreamingModule, frames: Frames) -> Frames:
    """Stream through the decomposed cells, one frame a call: what the exporter sees."""
    frame_model = FrameModel(model)
    states = initial_states(model, len(frames))
    cleaned = []
    for frame in torch.from_numpy(frames).unbind(1):
        output, *states = frame_model(frame, *states)
        cleaned.append(output)
    result: Frames = torch.stack(cleaned, dim=1).numpy()
    return result


def largest(difference: NDArray[np.float32]) -> float:
    """Return the largest absolute value."""
    return float(np.max(np.abs(difference)))


def largest_hop_rms(difference: Samples, hop_samples: int) -> float:
    """Return the largest RMS over any hop."""
    return float(np.sqrt(np.square(difference.reshape(-1, hop_samples)).mean(axis=1).max()))


def error_db(estimate: NDArray[np.float32], reference: NDArray[np.float32]) -> float:
    """Return the energy of the error relative to that of the reference, in dB."""
    error, power = np.square(estimate - reference).sum(), np.square(reference).sum()
    return float(10 * np.log10((error + 1e-12) / (power + 1e-12)))


def drift_db(int8: Samples, fp32: Samples, repeats: int) -> tuple[float, float]:
    """Return by how many dB the error grows in `repeats` equal stretches: the median over streams, and the largest.

    `int8` and `fp32` are `[streams, n]`; the same audio has to stand in every stretch of a stream, so that only time can make
    a difference. The last quarter is compared with as many stretches from the second on; in the first, equal states
    part. The error of one stretch wanders, by 4 dB where little but noise is heard, since a rounding that falls the other
    way changes all that follows: small growth counts where most streams have it, large growth in any.
    """
    parts = zip(np.split(int8, repeats, axis=1), np.split(fp32, repeats, axis=1), strict=True)
    errors = np.array([[error_db(*pair) for pair in zip(*part, strict=True)] for part in parts])
    quarter = repeats // 4
    growth = errors[-quarter:].mean(axis=0) - errors[1 : 1 + quarter].mean(axis=0)
    return float(np.median(growth)), float(growth.max())


def batch_difference(model: Path | bytes, frames: Frames) -> float:
    """Return the largest difference between streams run alone and the same streams in batches of 3 and 32."""
    runner = FrameRunner(model)
    length = frames.shape[1] // 32
    streams = frames[0, : 32 * length].reshape(32, length, *frames.shape[2:])
    batched = runner.stream(streams)
    alone = np.concatenate([runner.stream(streams[row : row + 1]) for row in range(len(streams))])
    three = runner.stream(streams[5:8])
    return max(largest(batched - alone), largest(three - batched[5:8]))


def chunk_difference(int8: Path, noisy: Samples, sample_rate_hz: int) -> float:
    """Return the largest difference between feeding the server's engine one chunk and chunks of random sizes."""
    cuts = np.cumsum(np.random.default_rng(0).integers(1, 3000, len(noisy) // 500))
    irregular = np.split(noisy, cuts[cuts < len(noisy)])
    return largest(through_engine(int8, [noisy], sample_rate_hz) - through_engine(int8, irregular, sample_rate_hz))


def through_engine(int8: Path, chunks: list[Samples], sample_rate_hz: int) -> Samples:
    """Return `chunks` denoised by the server's engine, aligned with the input and as many samples."""
    model = load_model(int8)
    engine = Engine(model, EngineConfig(max_streams=0, max_file_streams=1), lambda: None)
    clip = ClipStream(engine, sample_rate_hz, None, iter(chunks))
    cleaned = []
    while not clip.done:
        clip.feed()
        engine.run_inline()
        for result in engine.drain():
            clip.deliver(result)
        cleaned.append(clip.take())
    clip.close()
    return np.concatenate(cleaned)
