import shutil
from pathlib import Path

import pytest

from scripts.bench_engine import engine_table, run_engine_benchmark
from tests.tiny_model import build_tiny_model


def test_every_batch_size_of_both_forms_has_a_row(tmp_path: Path) -> None:
    path = build_tiny_model(tmp_path)
    shutil.copy(path, tmp_path / "tiny.fp32.onnx")
    result = run_engine_benchmark(path, (1, 3), seconds_per_row=0.02)
    assert [(row["precision"], row["batch"]) for row in result["rows"]] == [
        ("int8", 1),
        ("int8", 3),
        ("fp32", 1),
        ("fp32", 3),
    ]
    assert all(row["frames_per_s"] > 0 for row in result["rows"])
    assert result["rows"][0]["ratio_to_single"] == 1
    for pair, int8, fp32 in zip(result["fp32_to_int8"], result["rows"][:2], result["rows"][2:], strict=True):
        assert pair["batch"] == int8["batch"]
        assert pair["tick"] == pytest.approx(fp32["us_per_frame"] / int8["us_per_frame"], abs=0.01)
        assert pair["model"] == pytest.approx(fp32["model_us_per_frame"] / int8["model_us_per_frame"], abs=0.01)
    assert all(row["model_us_per_frame"] > 0 for row in result["rows"])
    assert len(engine_table(result).splitlines()) == 2 + 4 + 2


def test_without_an_fp32_form_only_int8_is_measured(tmp_path: Path) -> None:
    result = run_engine_benchmark(build_tiny_model(tmp_path), (1,), seconds_per_row=0.02)
    assert [row["precision"] for row in result["rows"]] == ["int8"]
    assert result["fp32_to_int8"] == []
