"""Every system is scored on every clip, in any number of processes, and what never changes is scored once."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_server.errors import ModelMissingError
from export.metrics import Scores
from export.pairs import Pair
from export.quality.evaluation import Row, Settings, evaluate, lag_samples
from export.quality.summary import by_system, integer_cost, summarise, table, worst_clips
from export.quality.systems import Kind, SystemSpec, describe_models, describe_peers

UNPROCESSED = SystemSpec("unprocessed", Kind.UNPROCESSED)


def row(system: str, clip: str, pesq: float, snr_db: float | None = None, noise: str | None = None) -> Row:
    return Row(system, clip, snr_db, noise, 1.0, 0, Scores(pesq, 80.0, 70.0, 10.0))


def test_every_system_and_clip_has_a_row_in_order_whatever_the_processes(
    tiny_model_path: Path, pairs: list[Pair]
) -> None:
    specs = [UNPROCESSED, *describe_models((tiny_model_path,))]
    alone = evaluate(specs, pairs, Settings())
    assert [(found.system, found.clip) for found in alone] == [
        (spec.name, pair.name) for spec in specs for pair in pairs
    ]
    assert all(found.lag_samples == 0 for found in alone)
    shared = evaluate(specs, pairs, Settings(processes=2))
    for here, there in zip(alone, shared, strict=True):
        assert replace(here, scores=there.scores) == there
        # The sums of STOI are cut differently by another number of threads.
        assert here.scores.to_dict() == pytest.approx(there.scores.to_dict(), nan_ok=True)


def test_a_peers_scores_are_kept_and_a_models_never(tiny_model_path: Path, pairs: list[Pair], tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path)
    specs = [UNPROCESSED, *describe_models((tiny_model_path,))]
    first = evaluate(specs, pairs[:1], settings)
    (entry,) = tmp_path.rglob("*.json")
    kept = json.loads(entry.read_text())
    assert kept["pesq_wb"] == pytest.approx(first[0].scores.pesq_wb)
    entry.write_text(json.dumps({**kept, "pesq_wb": 4.0}))
    again = evaluate(specs, pairs[:1], settings)
    assert again[0].scores.pesq_wb == 4.0
    assert again[1].scores.pesq_wb == first[1].scores.pesq_wb


def test_scores_of_other_audio_are_not_taken_for_those_of_this(pairs: list[Pair], tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path)
    (first,) = evaluate([UNPROCESSED], pairs[:1], settings)
    noisier = replace(pairs[0], noisy=pairs[0].noisy + 0.01 * np.sign(pairs[0].noisy))
    (second,) = evaluate([UNPROCESSED], [noisier], settings)
    assert second.scores != first.scores
    assert len(list(tmp_path.rglob("*.json"))) == 2


def test_a_damaged_entry_is_written_again(pairs: list[Pair], tmp_path: Path) -> None:
    (first,) = evaluate([UNPROCESSED], pairs[:1], Settings(cache=tmp_path))
    (entry,) = tmp_path.rglob("*.json")
    entry.write_text('{"pesq_wb": 1')
    (again,) = evaluate([UNPROCESSED], pairs[:1], Settings(cache=tmp_path))
    assert again.scores.pesq_wb == first.scores.pesq_wb
    assert json.loads(entry.read_text())["estoi"] == pytest.approx(first.scores.estoi)


def test_a_missing_model_stops_the_run_before_it_begins(pairs: list[Pair], tmp_path: Path) -> None:
    specs = [UNPROCESSED, *describe_models((tmp_path / "none.int8.onnx",))]
    with pytest.raises(ModelMissingError):
        evaluate(specs, pairs, Settings(cache=tmp_path, processes=2))
    assert not list(tmp_path.iterdir())


def test_a_lag_is_found() -> None:
    samples = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    assert lag_samples(np.roll(samples, 37), samples) == 37
    assert lag_samples(samples, np.roll(samples, 37)) == -37


def test_means_by_group_leave_out_what_is_not_defined() -> None:
    rows = [row("a", "1", 2.0, -5.0, "hum"), row("a", "2", 3.0, 10.0, "hum"), row("a", "3", math.nan, 10.0, "rain")]
    found = summarise(rows)["a"]
    assert found["all"]["pesq_wb"] == 2.5
    assert list(found["snr_db"]) == ["-5", "10"]
    assert found["snr_db"]["10"]["pesq_wb"] == 3.0
    assert found["noise_class"]["hum"]["pesq_wb"] == 2.5
    assert "pesq_wb" not in found["noise_class"]["rain"]
    assert "ovrl" not in found["all"]
    assert "OVRL" not in table(rows)


def test_integers_cost_what_fp32_has_more() -> None:
    rows = [row("m.int8", "1", 2.0), row("m.int8", "2", 3.0), row("m.fp32", "1", 2.1), row("m.fp32", "2", 3.0)]
    (cost,) = integer_cost(rows)
    assert cost["int8"] == "m.int8"
    assert cost["mean_loss"]["pesq_wb"] == pytest.approx(0.05)
    assert cost["worst_loss"]["pesq_wb"] == pytest.approx(0.1)
    assert integer_cost(rows[:2]) == []


def test_the_worst_clips_are_those_that_gain_least() -> None:
    noisy = [row("unprocessed", name, pesq) for name, pesq in (("1", 1.0), ("2", 2.0), ("3", 3.0))]
    ours = [row("m", name, pesq) for name, pesq in (("1", 2.0), ("2", 1.9), ("3", 3.1))]
    found = worst_clips(noisy + ours, "m", 2)
    assert [after.clip for after, _ in found] == ["2", "3"]
    assert list(by_system(noisy + ours)) == ["unprocessed", "m"]


def test_peers_are_those_whose_files_are_there(tmp_path: Path) -> None:
    assert [spec.name for spec in describe_peers(tmp_path, rnnoise=True)] == ["unprocessed", "RNNoise"]
    (tmp_path / "gtcrn_simple.onnx").write_bytes(b"1")
    (gtcrn,) = describe_peers(tmp_path, rnnoise=False)[1:]
    before = gtcrn.fingerprint()
    (tmp_path / "gtcrn_simple.onnx").write_bytes(b"2")
    assert gtcrn.fingerprint() != before
