"""The `hostile` benchmark: what each kind of bad client does to the slowest answers of the others."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

from scripts.bench_attacks import ATTACKS, Attack, Target
from scripts.bench_quiet import MOST_STOLEN_PERCENT, Take, quietest, stock_of_time
from scripts.bench_servers import Server, other_port, running_box
from scripts.bench_sessions import LoadResult, Tell, speech, spoken_load

SESSIONS = 10
ATTACKERS = 4
LONGEST_WORSE_MS = 5.0
"""So much slower the others' slowest answers may be, and no more."""
_ROOM = 600
"""Streams that fit: 40 a second may come from one address, and some go on for seconds. It is not places that they fight for."""
_ROWS_PER_ALONE = 4
_REST_S = 0.01
_PACKET_MS = 20


@dataclass(slots=True)
class Tally:
    """How often an attack was `made`, and how often the box hung up on it; to be let wait is no refusal."""

    made: int = 0
    refused: int = 0


def run_hostile_benchmark(
    model_path: Path,
    seconds: float,
    sessions: int = SESSIONS,
    attacks: Mapping[str, Attack] = ATTACKS,
    tell: Tell = lambda line: None,
) -> dict[str, Any]:
    """Measure the p99 of `sessions` raw sessions beside each kind of attack, and alone before every fourth and at the end.

    What is worse is so against the median of the runs alone: a busy machine's p99 differs from run to run. A run in which
    a virtual machine was taken away is made again, and one alone that never was ours counts only if no other was. `tell`
    hears a line after each attack.
    Gives `{"benchmark", "sessions", "alone_p99_ms", "alone_runs_p99_ms", "alone_stolen_percent", "rows": [{"attack", "made",
    "refused", "p99_ms", "worse_ms", "late", "audio_ok", "stolen_percent"}]}`; audio is not ok either where answers are missing.
    """
    said = speech(model_path, seconds + 1.0)
    with hostile_box(model_path, sessions) as (server, https_port):
        load = partial(spoken_load, server, said, sessions, _PACKET_MS, seconds)
        # Each attack from another device, which owes the box nothing yet: the box limits each address by itself.
        targets = (Target(server.port, https_port, server.tokens[-1], f"127.0.0.{device}") for device in count(2))
        alone: list[Take[LoadResult]] = []
        rows: list[Take[dict[str, Any]]] = []
        for number, (name, attack) in enumerate(attacks.items()):
            if number % _ROWS_PER_ALONE == 0:
                alone.append(quietest(load, stock_of_time))
            rows.append(quietest(partial(_row, load, targets, name, attack), stock_of_time))
            tell(f"{number + 1} of {len(attacks)}: {name}, p99 {rows[-1].result['p99_ms']:.1f} ms")
        alone.append(quietest(load, stock_of_time))
    return {"benchmark": "hostile", "sessions": sessions, **_compared(alone, rows)}


def _row(load: Callable[[], LoadResult], targets: Iterator[Target], name: str, attack: Attack) -> dict[str, Any]:
    with attacked(next(targets), attack) as tallies:
        beside = load()
    return {"attack": name, **_counted(tallies), **_measured(beside)}


def _compared(alone: list[Take[LoadResult]], rows: list[Take[dict[str, Any]]]) -> dict[str, Any]:
    quiet = [take for take in alone if take.is_quiet] or alone
    alone_ms = [take.result.latency_p99_ms for take in quiet]
    compared = [
        row.result
        | {
            "worse_ms": round(row.result["p99_ms"] - median(alone_ms), 2),
            "stolen_percent": round(row.stolen_percent, 2),
        }
        for row in rows
    ]
    return {
        "alone_p99_ms": round(median(alone_ms), 2),
        "alone_runs_p99_ms": alone_ms,
        "alone_stolen_percent": round(min(take.stolen_percent for take in quiet), 2),
        "rows": compared,
    }


def hostile_failures(result: dict[str, Any]) -> list[str]:
    """Say of each attack that hurt the others how it did."""
    failures = []
    if result["alone_stolen_percent"] > MOST_STOLEN_PERCENT:
        failures.append("The machine was never ours: nothing can be said of it.")
    for row in result["rows"]:
        if row["stolen_percent"] > MOST_STOLEN_PERCENT:
            failures.append(f"{row['attack']}: the machine was taken away for {row['stolen_percent']} % of the time.")
        if row["worse_ms"] >= LONGEST_WORSE_MS:
            failures.append(f"{row['attack']}: the others' p99 was {row['worse_ms']:.1f} ms worse.")
        if row["late"]:
            failures.append(f"{row['attack']}: {row['late']} packets of the others were late.")
        if not row["audio_ok"]:
            failures.append(f"{row['attack']}: the others did not hear what they had to.")
        if not row["made"]:
            failures.append(f"{row['attack']}: it was never made.")
    return failures


def hostile_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    alone = ", ".join(f"{p99_ms:.1f}" for p99_ms in result["alone_runs_p99_ms"])
    lines = [f"p99 of {result['sessions']} sessions alone: {result['alone_p99_ms']:.1f} ms, the median of {alone}"]
    lines.append(f"  {'':32}{'made':>8}{'refused':>9}{'p99':>11}{'worse':>11}{'late':>6}{'stolen':>9}")
    lines += [
        f"  {row['attack']:32}{row['made']:8}{row['refused']:9}{row['p99_ms']:8.1f} ms{row['worse_ms']:+8.1f} ms"
        f"{row['late']:6}{row['stolen_percent']:7.1f} %   audio {'ok' if row['audio_ok'] else 'NOT OK'}"
        for row in result["rows"]
    ]
    return "\n".join(lines)


@contextmanager
def hostile_box(model_path: Path, sessions: int) -> Iterator[tuple[Server, int]]:
    """Run a box with room for the sessions and the attackers, spoken to over plain HTTP; gives its HTTPS port too."""
    with running_box(model_path, sessions + _ROOM, "raw", tls=True) as server:
        https_port, server.tls = server.port, False
        server.port = other_port(server.pid, https_port)
        yield server, https_port


@contextmanager
def attacked(target: Target, attack: Attack) -> Iterator[list[Tally]]:
    """Let `ATTACKERS` threads attack again and again meanwhile; each has a tally of its own, complete at the end."""
    over = threading.Event()
    tallies = [Tally() for _ in range(ATTACKERS)]

    def repeat(tally: Tally) -> None:
        # An attacker's own work is done on another machine, and takes nothing of the box's.
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        while not over.is_set():
            tally.made += 1
            try:
                attack(target)
            except TimeoutError:
                # The box lets it wait, which is as good as it can do.
                continue
            except OSError:
                tally.refused += 1
            time.sleep(_REST_S)

    threads = [threading.Thread(target=repeat, args=(tally,), daemon=True) for tally in tallies]
    for thread in threads:
        thread.start()
    try:
        yield tallies
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _counted(tallies: list[Tally]) -> dict[str, int]:
    return {"made": sum(tally.made for tally in tallies), "refused": sum(tally.refused for tally in tallies)}


def _measured(beside: LoadResult) -> dict[str, Any]:
    audio_ok = bool(beside.audio_ok) and not beside.dropped
    return {"p99_ms": beside.latency_p99_ms, "late": beside.late_frames, "audio_ok": audio_ok}
