"""From a module and its checkpoint to a proven file with a verdict; nothing is shipped that does not deserve it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.bench import BATCHES, bench
from export.checkpoint import write_whole
from export.errors import ExportError, QuantizationError
from export.graph.coupling import coupled_operators
from export.graph.operators import count_operators
from export.memory import memory_bytes
from export.metadata import Names, read_facts, read_graph, read_manifest, several_path, write_manifest
from export.pairs import read_pairs
from export.pipeline import (
    LEAST_AUDIO_S,
    OURS,
    Choice,
    Quantized,
    export_fp32,
    quantize_int8,
    read_recordings,
    write_shipped,
)
from export.sound_loss import measure_sound
from export.spec import AudioSpec
from export.verdict import BROKEN, Evidence, Quality, Verdict, judge
from export.verify import ALONE, Climb, Ladder, Rung, Verification, check_operators, climb_integers, verify

Samples = NDArray[np.float32]
Report = Callable[[Rung], None]

MEMORY_BATCH = 32
SCORED_PAIRS = 8
SHOWN_S = 10


@dataclass(frozen=True)
class Order:
    """What to make: name, target and form, where recordings are, and whether to write a file with a bad verdict."""

    name: str
    choice: Choice
    audio: Path
    pairs: Path | None = None
    licence: str | None = None
    rounds: int = 15
    force: bool = False


@dataclass(frozen=True)
class Made:
    """All that was found on the way, and whether the files were written to the folder that was asked for."""

    facts: dict[str, Any]
    quantized: Quantized
    verification: Verification
    verdict: Verdict
    written: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the results as JSON-ready values."""
        return {
            "name": self.facts["name"],
            "verdict": self.verdict.to_dict(),
            "written": self.written,
            "facts": self.facts,
            "quantization": self.quantized.to_dict(),
            "verification": self.verification.to_dict(),
        }


def make(
    factory: str,
    checkpoint: Path,
    out: Path,
    order: Order,
    report: Report = lambda rung: None,
    write_report: Callable[[Names, Made, Samples], None] = lambda names, made, noisy: None,
) -> Made:
    """Go the whole way for `MODULE:FACTORY` and its checkpoint, and write the files to `out` if the verdict is good.

    `write_report` is given the files where they were made, what was found and ten seconds that were heard.
    """
    check_writable(out)
    with tempfile.TemporaryDirectory() as folder:
        staged = Names(Path(folder), order.name)
        model = export_fp32(checkpoint, staged, factory, order.licence)
        noisy = read_recordings(order.audio, model.spec.sample_rate_hz)
        if order.pairs:
            next(read_pairs(order.pairs, model.spec.sample_rate_hz))
        learned, heard = split_audio(noisy, model.spec.sample_rate_hz)
        quantized = quantize_int8(staged, learned, order.choice)
        try:
            verification = verify(model, staged, noisy, report, strict=False)
            failure = _explained(staged, verification)
        except QuantizationError as error:
            verification, failure = Verification((), quantized.operators), str(error)
        verdict = judge(_evidence(staged, failure, heard, order))
        made = _finish(staged, Names(out, order.name), quantized, verification, verdict, order.force)
        write_report(staged, made, heard)
        return made


def split_audio(noisy: Samples, sample_rate_hz: int) -> tuple[Samples, Samples]:
    """Return what to calibrate on, and the last seconds, which the error is measured on and nothing was fitted to.

    Of recordings too short for both, the first is all of them.
    """
    first = len(noisy) - SHOWN_S * sample_rate_hz
    return noisy[:first] if first >= LEAST_AUDIO_S * sample_rate_hz else noisy, noisy[max(0, first) :]


def check_writable(folder: Path) -> None:
    """Raise OSError if no file can be written to `folder`: better now than after minutes of measuring. Makes the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def quantize_and_judge(names: Names, noisy: Samples, choice: Choice, force: bool, rounds: int = 15) -> Made:
    """Quantize NAME.fp32.onnx and write the result beside it if the verdict is good.

    The verdict rests on what can be known without the checkpoint: `verify` adds the rungs that need it.
    """
    with tempfile.TemporaryDirectory() as folder:
        staged = Names(Path(folder), names.name)
        facts = read_facts(names.fp32)
        shutil.copy2(names.fp32, staged.fp32)
        spec = AudioSpec.from_facts(facts)
        learned, heard = split_audio(noisy, spec.sample_rate_hz)
        quantized = quantize_int8(staged, learned, choice)
        climb = Climb.make(staged, spec, noisy, Ladder(lambda rung: None, strict=False))
        climb_integers(climb)
        verification = Verification(tuple(climb.ladder.rungs), quantized.operators)
        failure = _explained(staged, verification) or _operator_failure(staged)
        order = Order(names.name, choice, names.folder, rounds=rounds, force=force)
        verdict = judge(_evidence(staged, failure, heard, order))
        return _finish(staged, names, quantized, verification, verdict, force)


def _explained(staged: Names, verification: Verification) -> str:
    """Return the rung that does not hold, with the operators that couple sessions if it is that one."""
    if not verification.failure.startswith(ALONE):
        return verification.failure
    operators = ", ".join(coupled_operators(staged.shipped())[:5]) or "more than one together"
    return f"{verification.failure}; onnxruntime computes a row otherwise in a batch in {operators}"


def _operator_failure(names: Names) -> str:
    try:
        check_operators(names)
    except QuantizationError as error:
        return str(error)
    return ""


def _evidence(staged: Names, failure: str, heard: Samples, order: Order) -> Evidence:
    fp32, shipped = staged.fp32, staged.shipped()
    spec = AudioSpec.from_facts(read_facts(fp32))
    pairs = islice(read_pairs(order.pairs, spec.sample_rate_hz), SCORED_PAIRS) if order.pairs else ()
    try:
        quality = measure_sound(fp32, shipped, spec, heard, pairs)
    except ExportError:
        raise
    except ValueError as cause:
        quality, failure = Quality(float("inf")), failure or f"the output cannot be scored: {cause}"
    return Evidence(
        failure,
        bench(fp32, shipped, BATCHES, order.rounds),
        fp32.stat().st_size,
        shipped.stat().st_size,
        memory_bytes(fp32, MEMORY_BATCH),
        memory_bytes(shipped, MEMORY_BATCH),
        quality,
        count_operators(shipped).integer_macs_percent,
    )


def _finish(
    staged: Names, out: Names, quantized: Quantized, verification: Verification, verdict: Verdict, force: bool
) -> Made:
    """Write the verdict into the files and copy them to `out` if it is good or forced."""
    shipped, old = staged.shipped(), read_manifest(staged.manifest)
    facts = read_facts(shipped)
    facts["verdict"] = {"outcome": verdict.outcome, "reasons": list(verdict.reasons), "forced": not verdict.good}
    made = Made(facts, quantized, verification, verdict, verdict.good or force)
    write_shipped(shipped, read_graph(shipped), facts)
    results = {
        "quantized_products": old["quantized_products"],
        "float_layers": old["float_layers"],
        "evidence": verdict.evidence.to_dict(),
    }
    if len(verification.rungs) and any("torch" in rung.name for rung in verification.rungs):
        results["verification"] = verification.to_dict()
    write_manifest(staged, facts, results, shipped)
    if made.written:
        out.folder.mkdir(parents=True, exist_ok=True)
        for path in {staged.fp32, shipped, several_path(shipped)}:
            if path.is_file():
                write_whole(out.folder / path.name, path.read_bytes())
            elif path == several_path(shipped):
                (out.folder / path.name).unlink(missing_ok=True)
        write_manifest(out, facts, results, out.folder / shipped.name)
    return made


def refusal(verdict: Verdict) -> str:
    """Return the sentence for a file that was not written."""
    advice = "The files are broken; nothing was written" if verdict.outcome == BROKEN else "Nothing was written"
    return f"{verdict.outcome}: {'; '.join(verdict.reasons)}. {advice}; say --force to write them anyway."


DEFAULT_FACTORY = OURS
