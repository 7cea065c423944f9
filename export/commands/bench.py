"""`bench`: the integer file against the float file on this machine."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from export.commands.options import json_option, show, with_model

HOP_SHARE = 0.8
"""A core that is busy for more of the time than this begins to be late."""


@click.command()
@with_model
@click.option(
    "--batch", "batches", multiple=True, type=int, default=(1, 8, 32, 64), show_default=True, help="Frames in a run."
)
@click.option("--rounds", default=15, show_default=True, help="Alternating rounds for each file.")
@json_option
def bench(name: str, out: Path, batches: tuple[int, ...], rounds: int, as_json: bool) -> None:
    """Time the shipped file against NAME.fp32.onnx at several batch sizes, on one thread.

    Sessions a core are what the model alone would allow at 80 % load; `scripts/bench engine` times the whole way of a voice.
    """
    from export.bench import bench as measure
    from export.integers.target import this_machine
    from export.metadata import Names, read_facts

    names = Names(out, name)
    facts = read_facts(names.fp32)
    hop_us = 1e6 * facts["hop_samples"] / facts["sample_rate_hz"]
    speeds = measure(names.fp32, names.shipped() if names.manifest.exists() else names.int8, batches, rounds)
    results = [
        {**speed.to_dict(), "sessions_a_core": int(HOP_SHARE * hop_us / speed.int8_us), "processor": this_machine()}
        for speed in speeds
    ]
    lines = [f"{platform.machine()}, {this_machine()}, one thread, a frame every {hop_us / 1000:g} ms"]
    lines.append("batch  fp32 us/frame  int8 us/frame  int8 is (middle 80 % of rounds)  sessions a core")
    lines += [
        f"{speed.batch:5d}  {speed.fp32_us:13.1f}  {speed.int8_us:13.1f}  {speed.ratio:5.2f}x as fast "
        f"({speed.ratio_low:.2f} to {speed.ratio_high:.2f})  {int(HOP_SHARE * hop_us / speed.int8_us):8d}"
        for speed in speeds
    ]
    show(as_json, results, "\n".join(lines))
