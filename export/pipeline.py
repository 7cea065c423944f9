"""The steps of the command line, each from files to files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from export import stft
from export.calibrate import calibrate
from export.checkpoint import load_denoiser, read_checkpoint, sha256_of
from export.corpus import load_corpus
from export.errors import CalibrationError, ModelFileError
from export.metadata import Names, embed, model_facts, read_facts, write_manifest
from export.mixing import MixConfig, Mixer
from export.quantize import quantize
from export.recording import list_recordings, read_mono
from export.rooms import load_rooms
from export.spec import AudioSpec
from export.to_onnx import export_onnx
from export.verify import Rung, Verification, verify

Samples = NDArray[np.float32]

CALIBRATION_STREAMS = 8
CALIBRATION_SEED = 20_000


def export_fp32(checkpoint: Path, names: Names) -> None:
    """Write NAME.fp32.onnx with its facts from a checkpoint."""
    model = load_denoiser(checkpoint)
    training = read_checkpoint(checkpoint).get("training", {})
    names.folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, names.fp32)
    embed(names.fp32, model_facts(model, names.name, training, sha256_of(checkpoint)))


def quantize_int8(names: Names, samples: Samples) -> list[str]:
    """Write NAME.int8.onnx and its manifest, calibrated on noisy `samples`; return the names of the quantized products."""
    facts = read_facts(names.fp32)
    spec = AudioSpec(*(facts[key] for key in ("sample_rate_hz", "window_samples", "hop_samples", "window")))
    hops = len(samples) // (CALIBRATION_STREAMS * spec.hop_samples)
    streams = samples[: CALIBRATION_STREAMS * hops * spec.hop_samples].reshape(CALIBRATION_STREAMS, -1)
    spectra = stft.analyse(torch.from_numpy(streams), spec).numpy()
    products = quantize(names.fp32, names.int8, calibrate(names.fp32, spectra))
    facts["calibration_sha256"] = hashlib.sha256(samples.tobytes()).hexdigest()
    facts["calibration_s"] = round(len(samples) / int(facts["sample_rate_hz"]), 1)
    embed(names.int8, facts)
    write_manifest(names, facts, {"quantized_products": products})
    return products


def verify_files(
    checkpoint: Path, names: Names, audio: Path, report: Callable[[Rung], None] = lambda rung: None
) -> Verification:
    """Climb the ladder for the files of a checkpoint and note the results in the manifest."""
    facts = read_facts(names.int8)
    if facts["checkpoint_sha256"] != sha256_of(checkpoint):
        raise ModelFileError(f"{names.int8.name} was not made from {checkpoint.name}; export and quantize it again.")
    rate_hz = int(facts["sample_rate_hz"])
    samples = read_recordings(audio, rate_hz)
    verification = verify(load_denoiser(checkpoint), names, samples[: 10 * rate_hz], report)
    manifest = json.loads(names.manifest.read_text())
    results = {"quantized_products": manifest["quantized_products"], "verification": verification.to_dict()}
    write_manifest(names, facts, results)
    return verification


def mix_calibration(speech: Path, noise: Path, cache: Path, examples: int = 64) -> Samples:
    """Return noisy training mixtures, joined, which no training run has heard: four seconds each, at 16 kHz."""
    config = MixConfig()
    rooms = load_rooms(cache, config.sample_rate_hz, 100, CALIBRATION_SEED)
    voices, noises = (load_corpus(folder, cache, config.sample_rate_hz) for folder in (speech, noise))
    mixer = Mixer(voices, noises, rooms, config)
    return np.concatenate([mixer.example(CALIBRATION_SEED, index)[0] for index in range(examples)])


def read_recordings(folder: Path, sample_rate_hz: int) -> Samples:
    """Return the recordings of a folder joined, or of its subfolder `noisy` if it holds pairs.

    Raises AudioError if there are none, CalibrationError if they last less than ten seconds.
    """
    inner = folder / "noisy"
    joined = [read_mono(path, sample_rate_hz) for path in list_recordings(inner if inner.is_dir() else folder)]
    if sum(len(samples) for samples in joined) < 10 * sample_rate_hz:
        raise CalibrationError(f"{folder} holds less than 10 s of audio; give a folder with noisy speech.")
    return np.concatenate(joined)
