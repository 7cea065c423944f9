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
from export import stft
from export.model import Denoiser
from export.runtime import FrameRunner
from export.to_onnx import FrameModel

Samples = NDArray[np.float32]
Spectra = NDArray[np.float32]


@torch.no_grad()
def offline(model: Denoiser, spectra: Spectra) -> Spectra:
    """Return the whole sequence denoised in one call."""
    cleaned, _ = model(torch.from_numpy(spectra), model.initial_states(len(spectra)))
    result: Spectra = cleaned.numpy()
    return result


@torch.no_grad()
def by_frame(model: Denoiser, spectra: Spectra) -> Spectra:
    """Stream through the decomposed cells, one frame a call: what the exporter sees."""
    frame_model = FrameModel(model)
    states = model.initial_states(len(spectra))
    frames = []
    for frame in torch.from_numpy(spectra).unbind(1):
        cleaned, *states = frame_model(frame, *states)
        frames.append(cleaned)
    result: Spectra = torch.stack(frames, dim=1).numpy()
    return result


def samples_of(model: Denoiser, spectra: Spectra) -> NDArray[np.float32]:
    """Return the samples of spectra of one stream."""
    samples: NDArray[np.float32] = stft.synthesise(torch.from_numpy(spectra), model.spec)[0].numpy()
    return samples


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


def drift_db(int8: Samples, fp32: Samples, repeats: int) -> float:
    """Return how much larger the relative error of the last of `repeats` equal stretches is than that of the second, in dB.

    The same audio has to stand in every stretch, so that only time can make a difference.
    """
    stretches = list(zip(np.split(int8, repeats), np.split(fp32, repeats), strict=True))
    return error_db(*stretches[-1]) - error_db(*stretches[1])


def batch_difference(int8: Path, spectra: Spectra) -> float:
    """Return the largest difference between streams run alone and the same streams in batches of 3 and 32."""
    runner = FrameRunner(int8)
    length = spectra.shape[1] // 32
    streams = spectra[0, : 32 * length].reshape(32, length, *spectra.shape[2:])
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
