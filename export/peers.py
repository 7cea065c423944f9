"""Public streaming denoisers to measure against, run frame by frame as their authors do, aligned with the input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from export import stft
from export.errors import PackageError
from export.runtime import open_session
from export.spec import AudioSpec

Samples = NDArray[np.float32]
System = Callable[[Samples, int], Samples]

RNNOISE_RATE_HZ = 48000
RNNOISE_DELAY_SAMPLES = 960
"""Measured by cross-correlation: two frames of 10 ms."""

DTLN_BLOCK, DTLN_SHIFT = 512, 128

STFT_PEERS = {"GTCRN": "gtcrn_simple.onnx", "UL-UNAS": "ulunas_stream_simple.onnx"}


def find_peers(folder: Path) -> dict[str, System]:
    """Return the systems whose ONNX files are in `folder`: DTLN, GTCRN, UL-UNAS."""
    systems: dict[str, System] = {}
    if (folder / "dtln_1.onnx").exists() and (folder / "dtln_2.onnx").exists():
        systems["DTLN"] = make_dtln(folder / "dtln_1.onnx", folder / "dtln_2.onnx")
    for name, file in STFT_PEERS.items():
        if (folder / file).exists():
            systems[name] = make_stft_peer(folder / file)
    return systems


def make_rnnoise() -> System:
    """Return RNNoise (PyPI package pyrnnoise); it works at 48 kHz. Raises PackageError if it is not installed."""
    try:
        from pyrnnoise import RNNoise
    except ImportError as cause:
        raise PackageError("The package pyrnnoise is not installed; install it or say --no-rnnoise.") from cause

    def rnnoise(noisy: Samples, sample_rate_hz: int) -> Samples:
        upsampled = soxr.resample(noisy, sample_rate_hz, RNNOISE_RATE_HZ)
        padded = np.pad(upsampled, (0, RNNOISE_DELAY_SAMPLES + -len(upsampled) % 480))
        pcm = np.clip(np.rint(padded * 32768), -32768, 32767).astype(np.int16)
        frames = [frame for _, frame in RNNoise(RNNOISE_RATE_HZ).denoise_chunk(pcm[None])]
        cleaned = np.concatenate(frames, axis=1)[0].astype(np.float32) / 32768
        aligned = cleaned[RNNOISE_DELAY_SAMPLES : RNNOISE_DELAY_SAMPLES + len(upsampled)]
        return fit(soxr.resample(aligned, RNNOISE_RATE_HZ, sample_rate_hz), len(noisy))

    return rnnoise


def make_stft_peer(path: Path) -> System:
    """Return a system whose graph takes one STFT frame `mix` `[1, 257, 1, 2]` and its states, all named after it."""
    session = open_session(path)
    states = [item for item in session.get_inputs() if item.name != "mix"]
    spec = AudioSpec()

    def denoise(noisy: Samples, sample_rate_hz: int) -> Samples:
        delay = spec.window_samples - spec.hop_samples
        padded = np.pad(noisy, (0, delay + (-len(noisy) - delay) % spec.hop_samples))
        spectra = stft.analyse(torch.from_numpy(padded)[None], spec).numpy()
        held = {item.name: np.zeros(item.shape, dtype=np.float32) for item in states}
        cleaned = np.empty_like(spectra)
        for index in range(spectra.shape[1]):
            frame, *following = session.run(None, {"mix": spectra[:, index, :, None, :], **held})
            cleaned[:, index] = frame[:, :, 0, :]
            held = {item.name: state for item, state in zip(states, following, strict=True)}
        return fit(stft.synthesise(torch.from_numpy(cleaned), spec)[0, delay:].numpy(), len(noisy))

    return denoise


def make_dtln(first: Path, second: Path) -> System:
    """Return DTLN: a magnitude mask, then a time-domain stage. Source: Westhausen and Meyer 2020 (arXiv:2005.07551)."""
    masking, refining = open_session(first), open_session(second)

    def denoise(noisy: Samples, sample_rate_hz: int) -> Samples:
        delay = DTLN_BLOCK - DTLN_SHIFT
        padded = np.pad(noisy, (delay, DTLN_BLOCK))
        shape = masking.get_inputs()[1].shape
        states = [np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)]
        cleaned = np.zeros(len(padded) + DTLN_BLOCK, dtype=np.float32)
        for start in range(0, len(padded) - DTLN_BLOCK + 1, DTLN_SHIFT):
            spectrum = np.fft.rfft(padded[start : start + DTLN_BLOCK])
            magnitude = np.abs(spectrum).astype(np.float32)[None, None]
            mask, states[0] = masking.run(None, {"input_2": magnitude, "input_3": states[0]})
            block = np.fft.irfft(spectrum * mask[0, 0]).astype(np.float32)[None, None]
            refined, states[1] = refining.run(None, {"input_4": block, "input_5": states[1]})
            cleaned[start : start + DTLN_BLOCK] += refined[0, 0]
        return fit(cleaned[delay:], len(noisy))

    return denoise


def fit(samples: Samples, length: int) -> Samples:
    """Return `samples` cut or filled with zeros to `length`."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
