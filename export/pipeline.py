"""The steps of the command line, each from files to files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from export.bench import BATCHES
from export.checkpoint import load_weights, read_checkpoint, sha256_of
from export.contract import StreamingModule, check_contract
from export.corpus import load_corpus
from export.errors import CalibrationError, ModelFileError, QuantizationError
from export.factory import make_model
from export.frames import to_frames
from export.graph.operators import OperatorCount, count_operators
from export.graph.to_onnx import export_onnx
from export.integers.calibrate import calibrate
from export.integers.candidates import FORMS, Candidate, build_candidates, choose, measure_speed, with_layers
from export.integers.floats import explain_floats
from export.integers.quantize import INT8, WEIGHTS4
from export.integers.sensitivity import Workbench
from export.integers.target import TARGETS, saturates_here
from export.metadata import (
    Names,
    embed_in,
    model_facts,
    read_facts,
    read_graph,
    read_manifest,
    state_bounds,
    write_manifest,
)
from export.mixing import Mixer
from export.recipe import MixConfig
from export.recording import list_recordings, read_mono
from export.rooms import load_rooms
from export.several import tell_several, write_several
from export.spec import AudioSpec
from export.verify import Rung, Verification, verify

Samples = NDArray[np.float32]

OURS = "export.checkpoint:denoiser"
OUR_LICENCE = "Apache-2.0"
CALIBRATION_STREAMS = 8
CALIBRATION_SEED = 20_000
SENSITIVITY_STREAMS = 4
SENSITIVITY_FRAMES = 160
LEAST_AUDIO_S = 10
MOST_AUDIO_S = 300
AUTO = "auto"


@dataclass(frozen=True)
class Choice:
    """What to quantize to: a target processor, and one of FORMS or `auto` (all are built, the one that wins is taken)."""

    target: str = "auto"
    form: str = INT8
    rounds: int = 7

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms to build."""
        return tuple(FORMS) if self.form == AUTO else (self.form,)


@dataclass(frozen=True)
class Quantized:
    """What quantization made: the chosen form and all that were built, with the operators of the chosen one."""

    chosen: Candidate
    candidates: tuple[Candidate, ...]
    operators: OperatorCount

    def to_dict(self) -> dict[str, Any]:
        """Return the results as JSON-ready values."""
        return {
            "form": self.chosen.form,
            "layers": [layer.to_dict() for layer in self.chosen.layers],
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "operators": self.operators.to_dict(),
        }


def load_trained(checkpoint: Path, factory: str = OURS) -> tuple[StreamingModule, dict[str, Any]]:
    """Return the module that `factory` makes with the weights of `checkpoint`, and what else the checkpoint holds.

    Raises CheckpointError, FactoryError or ContractError.
    """
    content = read_checkpoint(checkpoint)
    model = make_model(factory, content)
    load_weights(model, content, checkpoint)
    return model.eval(), content


def export_fp32(checkpoint: Path, names: Names, factory: str = OURS, licence: str | None = None) -> StreamingModule:
    """Write NAME.fp32.onnx with its facts from a checkpoint, after checking the contract; return the module."""
    model, content = load_trained(checkpoint, factory)
    check_contract(model)
    training = content.get("training", {})
    licence = licence or (OUR_LICENCE if factory == OURS else "unknown")
    names.folder.mkdir(parents=True, exist_ok=True)
    export_onnx(model, names.fp32)
    graph = read_graph(names.fp32)
    embed_in(graph, model_facts(model, names.name, training, sha256_of(checkpoint), licence, factory))
    onnx.save(graph, names.fp32)
    return model


def quantize_int8(names: Names, samples: Samples, choice: Choice = Choice()) -> Quantized:
    """Write NAME.int8.onnx (or NAME.int4.onnx) and its manifest, calibrated on noisy `samples`.

    Raises QuantizationError if this machine would add up wrongly what is made for another one.
    """
    if saturates_here(TARGETS[choice.target]):
        raise QuantizationError(
            f"This machine cannot run files for {choice.target} rightly, so nothing could be measured; say --target auto, which "
            "is right on every processor."
        )
    facts, model = read_facts(names.fp32), read_graph(names.fp32)
    spec = AudioSpec.from_facts(facts)
    frames = to_frames(in_streams(samples, spec.hop_samples), spec)
    calibration = calibrate(model, frames, state_bounds(facts))
    heard = frames[:SENSITIVITY_STREAMS, :SENSITIVITY_FRAMES]
    bench = Workbench.make(model, calibration, heard, TARGETS[choice.target])
    candidates = build_candidates(bench, choice.forms)
    if len(candidates) > 1:
        candidates = measure_speed(names.fp32.read_bytes(), candidates, BATCHES, choice.rounds)
    chosen = with_layers(bench, choose(candidates))
    facts |= {
        "calibration_sha256": hashlib.sha256(samples.tobytes()).hexdigest(),
        "calibration_s": round(len(samples) / spec.sample_rate_hz, 1),
        "target": choice.target,
        "form": chosen.form,
    }
    shipped = names.int4 if chosen.form == WEIGHTS4 else names.int8
    integers = onnx.load_from_string(chosen.model)
    write_several(shipped, integers, facts, heard)
    write_shipped(shipped, integers, facts)
    products = [layer.name for layer in chosen.layers if layer.form != "float"]
    kept = [layer.to_dict() for layer in chosen.layers if layer.form == "float"]
    write_manifest(names, facts, {"quantized_products": products, "float_layers": kept}, shipped)
    operators = explain_floats(count_operators(shipped), chosen, tuple(candidates))
    return Quantized(chosen, tuple(candidates), operators)


def write_shipped(path: Path, model: onnx.ModelProto, facts: dict[str, Any]) -> None:
    """Write `model` with `facts` inside, and `facts` into the file for several frames beside it, if there is one."""
    embed_in(model, facts)
    onnx.save(model, path)
    tell_several(path, facts)


def verify_files(
    checkpoint: Path,
    names: Names,
    audio: Path,
    report: Callable[[Rung], None] = lambda rung: None,
    strict: bool = True,
) -> Verification:
    """Climb the ladder for the files of a checkpoint and note the results in the manifest."""
    manifest = read_manifest(names.manifest)
    facts = read_facts(names.shipped())
    if facts["checkpoint_sha256"] != sha256_of(checkpoint):
        raise ModelFileError(
            f"{names.shipped().name} was not made from {checkpoint.name}; export and quantize it again."
        )
    rate_hz = int(facts["sample_rate_hz"])
    model, _ = load_trained(checkpoint, facts.get("factory", OURS))
    verification = verify(model, names, read_recordings(audio, rate_hz), report, strict)
    results = {key: value for key, value in manifest.items() if key not in facts and key not in _WRITTEN_AGAIN}
    write_manifest(names, facts, results | {"verification": verification.to_dict()}, names.shipped())
    return verification


_WRITTEN_AGAIN = ("default", "file", "sha256", "several")


def in_streams(samples: Samples, hop_samples: int) -> Samples:
    """Return `samples` cut into streams `[8, n]`, n a multiple of the hop."""
    hops = len(samples) // (CALIBRATION_STREAMS * hop_samples)
    return samples[: CALIBRATION_STREAMS * hops * hop_samples].reshape(CALIBRATION_STREAMS, -1)


def mix_calibration(speech: Path, noise: Path, cache: Path, examples: int = 64) -> Samples:
    """Return noisy training mixtures, joined, which no training run has heard: four seconds each, at 16 kHz."""
    config = MixConfig()
    rooms = load_rooms(cache, config.sample_rate_hz, 100, CALIBRATION_SEED)
    voices, noises = (load_corpus(folder, cache, config.sample_rate_hz) for folder in (speech, noise))
    mixer = Mixer(voices, noises, rooms, config)
    return np.concatenate([mixer.example(CALIBRATION_SEED, index)[0] for index in range(examples)])


def read_recordings(folder: Path, sample_rate_hz: int) -> Samples:
    """Return the recordings of a folder (of its `noisy/` if it has one), joined, five minutes at most.

    Raises AudioError, or CalibrationError if there is less than 10 s.
    """
    inner = folder / "noisy"
    joined: list[Samples] = []
    total = 0
    for path in list_recordings(inner if inner.is_dir() else folder):
        joined.append(read_mono(path, sample_rate_hz))
        total += len(joined[-1])
        if total >= MOST_AUDIO_S * sample_rate_hz:
            break
    if total < LEAST_AUDIO_S * sample_rate_hz:
        raise CalibrationError(f"{folder} holds less than {LEAST_AUDIO_S} s of audio; give a folder with noisy speech.")
    return np.concatenate(joined)[: MOST_AUDIO_S * sample_rate_hz]
