from pathlib import Path

from scripts.bench_sessions import run_sessions_benchmark, sessions_table

KEYS = {"sessions", "packet_ms", "latency_p50_ms", "latency_p99_ms", "late_frames", "dropped", "cpu_percent"}
BASELINE_KEYS = {"baseline_sessions", "ratio_to_baseline", "audio_ok"}


def test_the_benchmark_measures_the_box_and_the_naive_server(tiny_model_path: Path) -> None:
    result = run_sessions_benchmark(tiny_model_path, 2, 20, 0.5, max_baseline_sessions=2)
    assert set(result) >= KEYS | BASELINE_KEYS
    assert 1 <= result["sessions"] <= 2
    assert result["dropped"] == 0
    # Dry audio, which only a machine that is very busy gives, is not what the file would sound like.
    assert result["audio_ok"] or result["late_frames"]
    assert result["baseline_sessions"] <= 2
    assert "2 sessions" in sessions_table(result) or "sustained" in sessions_table(result)
