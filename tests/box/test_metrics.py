"""The figures for Prometheus say what was counted, and nothing where nothing is known."""

import re
from collections.abc import Callable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from edge_server.config import REPOSITORY
from edge_server.engine.stats import QUEUE_AGE_BOUNDS_S, EngineStats
from edge_server.metrics import Metrics
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from tests.box.owners import owner_token
from tests.jobs.rest import Rest
from tests.namespace_client import NamespaceClient
from tests.running_box import running_box

PACKET = 320
STATS = EngineStats(
    running=True,
    live_streams=3,
    file_streams=1,
    queued_frames=7,
    # 2 within 0.5 ms, 5 within 1 ms, 1 within 8 ms, and 1 above all bounds.
    queue_ages=(2, 5, 0, 0, 1, 0, 0, 0, 0, 1),
    queue_age_sum_s=0.25,
    frames=27,
    late_frames=4,
    failed_runs=1,
    # 4 runs of one frame, 1 of three and 2 of ten.
    batch_sizes=(0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0),
    run_time_s=1.75,
)

Samples = dict[tuple[str, tuple[str, ...]], float]


def rendered(temperature_c: Callable[[], float | None], metrics: Metrics | None = None) -> Samples:
    """The value of each sample by its name and the values of its labels."""
    text = (metrics or Metrics(lambda: STATS, temperature_c)).render().decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_engines_figures_are_rendered() -> None:
    told = rendered(lambda: None)
    expected = {
        ("hushbox_engine_running", ()): 1,
        ("hushbox_streams", ("live",)): 3,
        ("hushbox_streams", ("file",)): 1,
        ("hushbox_queued_frames", ()): 7,
        ("hushbox_frames_total", ()): 27,
        ("hushbox_late_frames_total", ()): 4,
        ("hushbox_failed_runs_total", ()): 1,
        ("hushbox_run_seconds_total", ()): 1.75,
    }
    assert {key: told[key] for key in expected} == expected


def test_every_figure_is_documented_and_no_other() -> None:
    text = Metrics(lambda: STATS, lambda: 40.0).render().decode()
    families = [family for family in text_string_to_metric_families(text) if not family.name.endswith("_created")]
    names = {family.name + "_total" * (family.type == "counter") for family in families}
    table = (REPOSITORY / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`(hushbox_\w+)", row[1])} == names
    types = {family.name + "_total" * (family.type == "counter"): family.type for family in families}
    assert all(types[name] == row[2].strip() for row in rows for name in re.findall(r"`(hushbox_\w+)", row[1]))


def test_queue_ages_and_batch_sizes_are_histograms() -> None:
    told = rendered(lambda: None)
    ages = [told["hushbox_queue_age_seconds_bucket", (str(bound),)] for bound in QUEUE_AGE_BOUNDS_S]
    assert ages == [2, 7, 7, 7, 8, 8, 8, 8, 8]
    assert told["hushbox_queue_age_seconds_bucket", ("+Inf",)] == told["hushbox_queue_age_seconds_count", ()] == 9
    assert told["hushbox_queue_age_seconds_sum", ()] == 0.25
    sizes = {label: value for (name, labels), value in told.items() if "size_bucket" in name for label in labels}
    assert sizes == {"1.0": 4, "2.0": 4, "4.0": 5, "8.0": 5, "16.0": 7, "+Inf": 7}
    assert (told["hushbox_batch_size_count", ()], told["hushbox_batch_size_sum", ()]) == (7, 27)


def test_a_temperature_is_told_where_there_is_one() -> None:
    assert rendered(lambda: 71.5)["hushbox_temperature_celsius", ()] == 71.5
    assert b"temperature" not in Metrics(lambda: STATS, lambda: None).render()


def test_drops_are_counted_and_lost_packets_never_become_fewer() -> None:
    lost_now = [0]
    metrics = Metrics(lambda: STATS, lambda: None, lambda: lost_now[0])
    metrics.audio.packets_in, metrics.audio.packets_out, metrics.audio.dropped_packets = 90, 80, 6
    metrics.audio.unsent_packets = 4
    lost_now[0] = 5
    told = rendered(lambda: None, metrics)
    packets = [told[f"hushbox_{name}_packets_total", ()] for name in ("dropped", "lost", "unsent")]
    assert (told["hushbox_packets_in_total", ()], told["hushbox_packets_out_total", ()], packets) == (90, 80, [6, 5, 4])
    # A stream that broke is not open any more, and has not ended yet.
    lost_now[0] = 0
    assert rendered(lambda: None, metrics)["hushbox_lost_packets_total", ()] == 5
    metrics.count_voice({"lost_packets": 5, "latency_ms_p99": 12.0})
    lost_now[0] = 2
    told = rendered(lambda: None, metrics)
    assert told["hushbox_lost_packets_total", ()] == 7
    assert told["hushbox_stream_latency_p99_seconds_bucket", ("0.02",)] == 1
    assert told["hushbox_stream_latency_p99_seconds_bucket", ("0.01",)] == 0


def test_what_is_lost_is_told_while_the_stream_still_runs(tiny_model_path: Path, tmp_path: Path) -> None:
    with (
        running_box(tiny_model_path, tmp_path, stats_interval_s=0.02) as box,
        NamespaceClient(box, owner_token(box), "/box") as owner,
    ):
        with box.client() as speaker:
            speaker.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": PACKET})
            for number in (0, 6):
                speaker.send_audio(AudioPacket(KIND_AUDIO, 0, number, 20 * number, bytes(2 * PACKET)))
            lossy = owner.wait_for("stats", lambda stats: stats["lost_packets_per_s"] > 0)
            assert lossy["live_voices"] == 1
            assert b"hushbox_lost_packets_total 5.0" in Rest(box).get("/metrics").body
        owner.wait_for("event", lambda event: event["kind"] == "stream.ended")
        # The end of the stream counts nothing twice.
        assert b"hushbox_lost_packets_total 5.0" in Rest(box).get("/metrics").body
