"""The benchmark report: one HTML page with plots and the numbers behind them."""

import base64
import html
import io
import json
import platform
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from scripts.bench_engine import run_engine_benchmark
from scripts.bench_sessions import run_sessions_benchmark
from scripts.bench_stages import run_stages_benchmark

_LANES = (("socketio", 20, False), ("socketio", 60, False), ("raw", 20, False), ("socketio", 20, True))
"""The transport, the packet in ms, and whether over TLS."""


def write_report(model_path: Path, output: Path, sessions: list[int], seconds: float) -> Path:
    """Measure, and write `index.html` and `results.json` into the folder `output`; gives the page's path."""
    loads = [
        run_sessions_benchmark(
            model_path, count, packet_ms, seconds, transport=lane, tls=tls, max_baseline_sessions=0, search=False
        )
        for lane, packet_ms, tls in _LANES
        for count in sessions
    ]
    results = {
        "machine": f"{platform.machine()}, {platform.system()} {platform.release()}",
        "sessions": loads,
        "engine": run_engine_benchmark(model_path, seconds_per_row=min(0.5, seconds)),
        "stages": run_stages_benchmark(model_path, rounds=max(20, round(500 * seconds))),
    }
    output.mkdir(parents=True, exist_ok=True)
    (output / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    page = output / "index.html"
    page.write_text(_page(results), encoding="utf-8")
    return page


def _page(results: dict[str, Any]) -> str:
    plots = "".join(
        f'<h2>{html.escape(title)}</h2><img src="data:image/svg+xml;base64,{_svg(draw, results)}" alt="{html.escape(title)}">'
        for title, draw in (
            ("Sessions against the slowest answers", _draw_sessions),
            ("Batch size against cost", _draw_batches),
            ("Where the microseconds go", _draw_stages),
        )
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Hushbox benchmark</title>'
        '<meta name="viewport" content="width=device-width">'
        "<style>body{font:16px/1.5 system-ui;max-width:54rem;margin:2rem auto;padding:0 1rem}"
        "img{max-width:100%}div{overflow-x:auto}table{border-collapse:collapse}td,th{padding:.2rem .6rem;text-align:right}"
        "tr{border-bottom:1px solid #ddd}</style>"
        f"<h1>Hushbox benchmark</h1><p>{html.escape(results['machine'])}; model {html.escape(results['engine']['model'])}.</p>"
        f"{plots}{_table(results['sessions'])}</html>"
    )


def _svg(draw: Any, results: dict[str, Any]) -> str:
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    draw(figure.add_subplot(), results)
    target = io.BytesIO()
    figure.savefig(target, format="svg")
    return base64.b64encode(target.getvalue()).decode()


def _draw_sessions(axes: Axes, results: dict[str, Any]) -> None:
    for lane, packet_ms, tls in _LANES:
        rows = [
            row
            for row in results["sessions"]
            if (row["transport"], row["packet_ms"], row["tls"]) == (lane, packet_ms, tls)
        ]
        counts = [row["sessions"] for row in rows]
        label = f"{lane}, {packet_ms} ms{', TLS' * tls}"
        axes.plot(counts, [row["latency_p99_ms"] for row in rows], marker="o", label=label)
    axes.axhline(20, color="grey", linestyle=":")
    axes.set(xlabel="live sessions", ylabel="p99 of added latency, ms", yscale="log")
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.legend()


def _draw_batches(axes: Axes, results: dict[str, Any]) -> None:
    for precision in dict.fromkeys(row["precision"] for row in results["engine"]["rows"]):
        rows = [row for row in results["engine"]["rows"] if row["precision"] == precision]
        axes.plot([row["batch"] for row in rows], [row["us_per_frame"] for row in rows], marker="o", label=precision)
    axes.set(xlabel="frames in a run", ylabel="microseconds a frame", xscale="log", yscale="log")
    axes.xaxis.set_major_locator(LogLocator(2))
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 2, 5)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.3)
    axes.legend()


def _draw_stages(axes: Axes, results: dict[str, Any]) -> None:
    stages = results["stages"]["packet_us"] | {
        f"engine, batch of {batch}": us for batch, us in results["stages"]["frame_us"].items() if int(batch) > 1
    }
    axes.barh(list(stages)[::-1], list(stages.values())[::-1])
    axes.set(xlabel="microseconds of CPU for a packet (engine: for a frame)")


def _table(rows: list[dict[str, Any]]) -> str:
    columns = {
        "transport": "lane", "tls": "TLS", "packet_ms": "packet, ms", "sessions": "sessions", "latency_p50_ms": "p50, ms",
        "latency_p99_ms": "p99, ms", "late_frames": "late", "dropped": "dropped", "cpu_percent": "box CPU, %",
        "generator_cpu_percent": "load CPU, %", "audio_ok": "audio",
    }  # fmt: skip
    head = "".join(f"<th>{title}</th>" for title in columns.values())
    body = "".join("<tr>" + "".join(f"<td>{_cell(column, row)}</td>" for column in columns) + "</tr>" for row in rows)
    return f"<h2>Numbers</h2><p>CPU is in percent of one core.</p><div><table><tr>{head}</tr>{body}</table></div>"


def _cell(column: str, row: dict[str, Any]) -> object:
    if column == "tls":
        return "yes" if row["tls"] else "no"
    return ("right" if row["audio_ok"] else "WRONG") if column == "audio_ok" else row[column]
