import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import bench
from scripts.bench_search import asked_or_largest, largest_sustained
from scripts.bench_servers import running_naive
from scripts.bench_sessions import (
    BASELINE_P99_MS,
    SLOWEST_GENERATOR_MS,
    SUSTAINED_P99_MS,
    LoadResult,
    run_sessions_benchmark,
    sessions_table,
    speech,
    spoken_load,
)

KEYS = {"sessions", "packet_ms", "latency_p50_ms", "latency_p99_ms", "late_frames", "dropped", "cpu_percent"}
BASELINE_KEYS = {"baseline_sessions", "baseline_precision", "ratio_to_baseline", "audio_ok"}


def test_the_benchmark_measures_the_box_and_the_naive_server(tiny_model_path: Path) -> None:
    told: list[str] = []
    result = run_sessions_benchmark(tiny_model_path, 2, 20, 0.5, max_baseline_sessions=2, tell=told.append)
    assert told[0].startswith("box: 2 sessions, p99 ")
    assert any(line.startswith("naive handler: ") for line in told)
    assert set(result) >= KEYS | BASELINE_KEYS
    assert 1 <= result["sessions"] <= 2
    assert result["dropped"] == 0
    # Dry audio, which only a machine that is very busy gives, is not what the file would sound like.
    assert result["audio_ok"] or result["late_frames"]
    assert result["baseline_sessions"] <= 2
    assert result["baseline_precision"] == "int8"
    both = bool(result["sustained"] and result["baseline_sessions"])
    assert (result["ratio_to_baseline"] is not None) == both
    assert ("ratio" in sessions_table(result)) == both


def test_the_naive_handler_answers_every_packet(tiny_model_path: Path) -> None:
    said = replace(speech(tiny_model_path, 1.5), expected=[])
    with running_naive(tiny_model_path) as naive:
        assert spoken_load(naive, said, 1, 20, 0.5).dropped == 0


def test_the_command_line_prints_one_object(tiny_model_path: Path) -> None:
    command = ["sessions", "--sessions", "1", "--seconds", "0.3", "--no-baseline", "--no-search", "--json"]
    printed = CliRunner().invoke(bench.cli, command, env={"HUSHBOX_MODEL": str(tiny_model_path)})
    assert printed.exit_code == 0, printed.output
    result = json.loads(printed.stdout)
    assert set(result) >= KEYS
    assert (result["model"], result["sessions"]) == (tiny_model_path.name, 1)


def test_a_generator_that_is_late_itself_is_told(tiny_model_path: Path) -> None:
    late = replace(load_of(4, 4), generator_lag_p99_ms=SLOWEST_GENERATOR_MS + 0.1)
    assert (late.generator_was_late, load_of(4, 4).generator_was_late) == (True, False)
    told: list[str] = []
    result = run_sessions_benchmark(tiny_model_path, 1, 20, 0.3, max_baseline_sessions=0, tell=told.append)
    hint = "it was late itself"
    assert (hint in sessions_table(result)) == result["generator_was_late"]
    assert hint in sessions_table(result | {"generator_was_late": True})


def load_of(sessions: int, capacity: int, audio_ok: bool = True) -> LoadResult:
    """Give what a server that carries `capacity` sessions would have shown."""
    return LoadResult(sessions, 5.0, 20.0, 0, 0 if sessions <= capacity else 9, 50.0, 0.1, audio_ok)


@pytest.mark.parametrize(("asked", "capacity", "found"), [(50, 64, 50), (50, 50, 50), (50, 3, 3), (1, 1, 1)])
def test_what_is_asked_for_is_reported_or_else_what_is_carried(asked: int, capacity: int, found: int) -> None:
    result = asked_or_largest(asked, lambda count: load_of(count, capacity))
    assert (result.sessions, result.sustained) == (found, True)


def test_where_nothing_is_carried_nothing_is_claimed() -> None:
    result = asked_or_largest(5, lambda count: load_of(count, 0))
    assert (result.sessions, result.sustained) == (5, False)
    assert largest_sustained(lambda count: load_of(count, 0), 4, 5) is None


@pytest.mark.parametrize("capacity", [0, 1, 3, 24, 100, 271, 499])
def test_a_search_takes_few_tries_and_finds_an_eighth_less_at_most(capacity: int) -> None:
    tried: list[int] = []

    def load(count: int) -> LoadResult:
        tried.append(count)
        return load_of(count, capacity)

    result = asked_or_largest(500, load)
    assert capacity * 7 / 8 <= (result.sessions if result.sustained else 0) <= capacity
    assert len(tried) == len(set(tried)) <= 10
    tried.clear()
    baseline = largest_sustained(load, 4, 512)
    assert capacity * 7 / 8 <= (baseline.sessions if baseline else 0) <= capacity
    assert len(tried) == len(set(tried)) <= 11


def test_the_naive_handler_may_be_slower_and_may_not_fall_behind() -> None:
    slow = LoadResult(4, 20.1, 42.0, 0, 0, 50.0, 0.1, None, longest_p99_ms=BASELINE_P99_MS)
    behind = LoadResult(4, 20.1, BASELINE_P99_MS + 1, 0, 0, 50.0, 0.1, None, longest_p99_ms=BASELINE_P99_MS)
    assert slow.latency_p99_ms > SUSTAINED_P99_MS
    assert slow.sustained
    assert not behind.sustained


def test_sessions_with_wrong_audio_are_not_sustained() -> None:
    assert load_of(1, 1).sustained
    assert not load_of(1, 1, audio_ok=False).sustained
