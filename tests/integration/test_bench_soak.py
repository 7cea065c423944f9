"""The `soak` benchmark, as short as it can be, and what its check holds against a box."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from scripts import bench
from scripts.bench_day import _Speaker, run_stream_soak
from scripts.bench_dialects import TALKERS
from scripts.bench_soak import LINES, run_crowd_soak, soak_failures
from tests.running_box import NEVER_LATE_MS

GOOD_STREAM: dict[str, Any] = {
    "simulated_hours": 24.0,
    "times_real_time": 46.0,
    "rss_growth_percent": 1.99,
    "drift_samples": 0,
    "wrong_packets": 0,
    "failed_runs": 0,
    "late_frames": 0,
    "last_minute_error_db": -28.0,
}
GOOD_CROWD: dict[str, Any] = {
    "sessions": 100,
    "minutes": 60.0,
    "waves": 700,
    "streams_mean": 70.0,
    "streams_most": 100.0,
    "rss_mb": [160.0] * 11,
    "rss_growth_percent": -3.0,
    "threads": [4, 4],
    "descriptors": [9, 9],
    "streams_left": 0.0,
    "sessions_left": 0.0,
    "late_frames": 300_000,
    "dropped": 900,
    "waves_not_ok": 200,
    "voices_wrong": 0,
}


def test_a_stream_neither_drifts_nor_changes_what_passes_through(tiny_model_path: Path) -> None:
    result = run_stream_soak(tiny_model_path, 0.04)
    assert set(result) == set(GOOD_STREAM)
    for never in ("drift_samples", "wrong_packets", "failed_runs", "late_frames"):
        assert result[never] == 0
    assert result["last_minute_error_db"] < -20


def test_more_samples_than_were_said_are_a_drift_too(monkeypatch: pytest.MonkeyPatch, tiny_model_path: Path) -> None:
    missing = iter((0, -320, 160))
    monkeypatch.setattr(_Speaker, "missing_samples", property(lambda speaker: next(missing)))
    assert run_stream_soak(tiny_model_path, 0.01)["drift_samples"] == -320


def test_a_crowd_that_left_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tiny_model_path: Path) -> None:
    # Else whatever else the machine does decides about what is heard.
    monkeypatch.setenv("HUSHBOX_DEADLINE_MS", str(NEVER_LATE_MS))
    result = run_crowd_soak(tiny_model_path, 4, 0.01, wave_s=0.5)
    assert set(result) == set(GOOD_CROWD)
    assert result["waves"] == 12
    assert len(result["rss_mb"]) == 11
    assert 0 < result["streams_mean"] <= result["streams_most"] <= 4
    assert (result["dropped"], result["waves_not_ok"]) == (0, 0)
    assert (result["late_frames"], result["voices_wrong"]) == (0, 0)
    assert (result["streams_left"], result["sessions_left"]) == (0, 0)
    assert result["threads"][0] == result["threads"][1]
    assert result["descriptors"][0] == result["descriptors"][1]


def test_a_crowd_speaks_in_every_way_that_a_box_understands() -> None:
    assert {dialect for line in LINES for dialect, _ in line} == set(TALKERS) - {"naive"}


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("stream", {"rss_growth_percent": 2.0}, "memory grew by 2.0 %"),
        ("stream", {"drift_samples": -320}, "drifted from what went in by -320 samples"),
        ("stream", {"wrong_packets": 1}, "1 packets did not sound"),
        ("stream", {"late_frames": 2}, "2 frames were late"),
        ("stream", {"failed_runs": 3}, "3 runs of the model failed"),
        ("stream", {"last_minute_error_db": -20.0}, "last minute was -20.0 dB away"),
        ("stream", {"last_minute_error_db": float("nan")}, "last minute was nan dB away"),
        ("crowd", {"rss_growth_percent": 2.81}, "memory grew by 2.81 %"),
        ("crowd", {"threads": [4, 5]}, "4 threads after the first waves, and 5 at the end"),
        ("crowd", {"threads": [5, 4]}, "5 threads after the first waves, and 4 at the end"),
        ("crowd", {"descriptors": [9, 10]}, "9 descriptors after the first waves, and 10 at the end"),
        ("crowd", {"streams_left": 1.0}, "1 streams were left"),
        ("crowd", {"sessions_left": 2.0}, "2 sessions were left"),
        ("crowd", {"voices_wrong": 1}, "1 voices did not hear"),
    ],
)
def test_a_check_fails_for_each_limit_that_is_not_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, part: str, change: dict[str, object], words: str
) -> None:
    parts = {"stream": GOOD_STREAM, "crowd": GOOD_CROWD}
    parts[part] = parts[part] | change
    (failure,) = soak_failures(parts)
    assert words in failure
    let_the_benchmark_give(monkeypatch, **parts)
    command = ["soak", "--model", str(tmp_path / "none")]
    assert CliRunner().invoke(bench.cli, command).exit_code == 0
    checked = CliRunner().invoke(bench.cli, [*command, "--check"])
    assert (checked.exit_code, failure in checked.output) == (1, True)


@pytest.mark.parametrize("left_out", [[], ["--hours", "0"], ["--minutes", "0"]])
def test_a_check_of_what_held_all_limits_is_passed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left_out: list[str]
) -> None:
    let_the_benchmark_give(monkeypatch, GOOD_STREAM, GOOD_CROWD)
    command = ["soak", "--model", str(tmp_path / "none"), "--check", *left_out]
    checked = CliRunner().invoke(bench.cli, command)
    assert (checked.exit_code, "bench:" in checked.output) == (0, False)


def test_a_check_of_nothing_is_not_passed(tmp_path: Path) -> None:
    command = ["soak", "--model", str(tmp_path / "none"), "--check", "--hours", "0", "--minutes", "0"]
    checked = CliRunner().invoke(bench.cli, command)
    assert (checked.exit_code, "Nothing was measured" in checked.output) == (1, True)


def test_everything_that_went_wrong_is_told() -> None:
    stream = GOOD_STREAM | {"drift_samples": 1, "failed_runs": 1}
    crowd = GOOD_CROWD | {"threads": [4, 5], "descriptors": [9, 10]}
    assert len(soak_failures({"stream": stream, "crowd": crowd})) == 4


def let_the_benchmark_give(monkeypatch: pytest.MonkeyPatch, stream: dict[str, Any], crowd: dict[str, Any]) -> None:
    monkeypatch.setattr(bench, "run_stream_soak", lambda model, hours: stream)
    monkeypatch.setattr(bench, "run_crowd_soak", lambda model, sessions, minutes: crowd)
