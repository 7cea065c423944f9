"""The other benchmarks, as short as they can be."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.bench_box import box_table, run_box_benchmark
from scripts.bench_report import write_report
from scripts.bench_servers import running_box
from scripts.bench_sessions import run_sessions_benchmark, speech, spoken_load
from scripts.bench_stages import run_stages_benchmark, stages_table


@pytest.mark.parametrize(("transport", "tls"), [("raw", False), ("raw", True), ("polling", False), ("socketio", True)])
def test_every_lane_can_be_loaded_and_is_checked(tiny_model_path: Path, transport: str, tls: bool) -> None:
    result = run_sessions_benchmark(
        tiny_model_path, 2, 20, 0.5, transport=transport, tls=tls, max_baseline_sessions=0, search=False
    )
    assert (result["transport"], result["tls"], result["sessions"], result["dropped"]) == (transport, tls, 2, 0)
    # Dry audio, which only a machine that is very busy gives, is not what the file would sound like.
    assert result["audio_ok"] or result["late_frames"]
    assert result["generator_cpu_percent"] > 0


def test_audio_that_is_not_what_it_should_be_is_seen(tiny_model_path: Path) -> None:
    said = speech(tiny_model_path, 1.5)
    wrong = replace(said, expected=[clip[::-1] for clip in said.expected])
    with running_box(tiny_model_path, 2, "raw", tls=False) as server:
        assert spoken_load(server, wrong, 2, 20, 0.5).audio_ok is False


def test_a_box_is_weighed_with_as_many_as_it_admits(tiny_model_path: Path) -> None:
    result = run_box_benchmark(tiny_model_path, idle_s=0.1, most_sessions=3)
    assert 2 <= result["sessions"] <= 3
    assert result["start_to_ready_s"] > 0
    assert 20 < result["idle_rss_mb"] < 1000
    assert 0 <= result["idle_cpu_percent"] < 100
    assert -1000 < result["session_kb"] < 10_000
    assert result["descriptors_after"] == result["descriptors_idle"]
    assert f"kB of {result['sessions']}" in box_table(result)


def test_a_report_shows_every_lane_in_plots_and_numbers(tiny_model_path: Path, tmp_path: Path) -> None:
    page = write_report(tiny_model_path, tmp_path / "report", [2], 0.2).read_text()
    assert page.count('<img src="data:image/svg+xml;base64,') == 3
    rows = json.loads((tmp_path / "report" / "results.json").read_text())["sessions"]
    assert {(row["transport"], row["tls"]) for row in rows} == {("socketio", False), ("raw", False), ("socketio", True)}
    assert page.count("<tr>") == 1 + len(rows)
    assert "WRONG" not in page or any(row["late_frames"] for row in rows)


def test_a_load_that_is_over_has_given_its_places_back(tiny_model_path: Path) -> None:
    said = speech(tiny_model_path, 1.5)
    with running_box(tiny_model_path, 2, "polling", tls=False) as server:
        dropped = [spoken_load(server, said, 2, 20, 0.5).dropped for _ in range(3)]
    assert dropped == [0, 0, 0]


def test_the_stages_of_a_packet_are_measured(tiny_model_path: Path) -> None:
    result = run_stages_benchmark(tiny_model_path, rounds=20)
    assert set(result["frame_us"]) == {1, 8, 32, 64}
    assert all(us >= 0 for us in result["packet_us"].values())
    assert "open the envelope" in result["packet_us"]
    assert "network side, together" in stages_table(result)
