"""The `hostile` benchmark, as short as it can be: every attack is made, and seen to hurt nobody."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import bench, bench_hostile, bench_quiet
from scripts.bench_attacks import ATTACKS, Attack, Target
from scripts.bench_hostile import Tally, attacked, hostile_box, hostile_failures, hostile_table, run_hostile_benchmark
from scripts.bench_sessions import LoadResult, speech, spoken_load
from tests.running_box import wait_until

SESSIONS = 2
TOGETHER = 6
LOAD_S = 1.0
KINDS = {
    "oversized frames": {"oversized frames"},
    "endless fragments": {"endless fragments", "empty fragments"},
    "attachment floods": {"attachments"},
    "malformed packets of every layer": {
        "breaches of RFC 6455",
        "malformed Engine.IO",
        "malformed msgpack",
        "malformed JSON",
        "malformed polls",
        "packets of the wrong size",
    },
    "never-reading clients": {"who never reads"},
    "vanished clients": {"who vanishes", "who falls silent"},
    "connections that never authenticate": {
        "who never authenticates",
        "unfinished TLS handshakes",
        "tiny frames of strangers",
        "polls of strangers",
    },
    "half requests": {"half requests"},
    "packet floods": {"tiny frames", "tiny frames of many", "audio ahead of time"},
    "connection floods": {"connections", "polling connections"},
    "replayed and reordered numbers": {"replayed and reordered numbers", "jumps in the numbers"},
    "clock jumps": {"clock jumps"},
    "floods of requests": {"requests", "readiness requests", "bodies", "bodies of frames"},
}
GOOD_ROW = {
    "attack": "a",
    "made": 3,
    "refused": 1,
    "p99_ms": 7.0,
    "worse_ms": 4.9,
    "late": 0,
    "audio_ok": True,
    "stolen_percent": 0.5,
}
GOOD = {
    "sessions": 2,
    "alone_p99_ms": 2.1,
    "alone_runs_p99_ms": [2.1],
    "alone_stolen_percent": 0.5,
    "rows": [GOOD_ROW],
}


def test_every_kind_of_bad_client_has_its_attack() -> None:
    assert set.union(*KINDS.values()) == set(ATTACKS)


def test_every_attack_can_be_made_and_the_others_hear_what_they_have_to(tiny_model_path: Path) -> None:
    said = speech(tiny_model_path, LOAD_S + 1.0)
    loads: list[LoadResult] = []
    with hostile_box(tiny_model_path, SESSIONS) as (server, https_port), ThreadPoolExecutor(TOGETHER) as threads:
        targets = [
            Target(server.port, https_port, server.tokens[-1], f"127.0.0.{2 + number}")
            for number in range(len(ATTACKS))
        ]
        made = [threads.submit(make, attack, target) for attack, target in zip(ATTACKS.values(), targets, strict=True)]
        while not loads or not all(attack.done() for attack in made):
            loads.append(spoken_load(server, said, SESSIONS, 20, LOAD_S))
        for attack in made:
            attack.result()
    # Dry audio, which only a machine that is very busy gives, is not what the file would sound like.
    assert all(load.audio_ok or load.late_frames for load in loads)
    assert [load.dropped for load in loads] == [0] * len(loads)


def make(attack: Attack, target: Target) -> None:
    """Let go, or let wait, is what an attacker has to be; whatever else goes wrong is an attack that was not made."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError, TimeoutError):
        attack(target)


def test_what_is_refused_is_counted_and_who_has_to_wait_is_not() -> None:
    def raises(error: Exception) -> Attack:
        def attack(target: Target) -> None:
            raise error

        return attack

    target = Target(0, 0, "", "127.0.0.2")
    for attack, share in ((raises(ConnectionResetError()), 1), (raises(TimeoutError()), 0), (lambda target: None, 0)):
        with attacked(target, attack) as tallies:
            wait_until(partial(all_made, tallies))
        assert [tally.refused for tally in tallies] == [share * tally.made for tally in tallies]


def all_made(tallies: list[Tally]) -> bool:
    return all(tally.made > 1 for tally in tallies)


def test_attacks_are_counted_and_measured(monkeypatch: pytest.MonkeyPatch, tiny_model_path: Path) -> None:
    # Whatever is taken of this machine meanwhile: no run is made again, or left out.
    monkeypatch.setattr(bench_hostile, "stock_of_time", lambda: (0.0, 0.0))
    told: list[str] = []
    attacks = {"oversized frames": ATTACKS["oversized frames"]}
    result = run_hostile_benchmark(tiny_model_path, 0.2, SESSIONS, attacks, told.append)
    (row,) = result["rows"]
    assert told == [f"1 of 1: oversized frames, p99 {row['p99_ms']:.1f} ms"]
    assert set(row) == set(GOOD_ROW)
    assert row["made"] >= row["refused"] > 0
    assert row["audio_ok"] or row["late"]
    assert len(result["alone_runs_p99_ms"]) == 2
    assert row["worse_ms"] == pytest.approx(row["p99_ms"] - sum(result["alone_runs_p99_ms"]) / 2, abs=0.02)
    assert len(hostile_table(result).splitlines()) == 3


def test_a_run_alone_that_never_was_ours_counts_only_if_no_other_was(
    monkeypatch: pytest.MonkeyPatch, tiny_model_path: Path
) -> None:
    # All of the first run alone is stolen, each time that it is made.
    takes = 2
    monkeypatch.setattr(bench_quiet, "MOST_TAKES", takes)
    stolen = iter([moment for take in range(takes) for moment in ((take, take), (take + 1, take + 1))])
    monkeypatch.setattr(bench_hostile, "stock_of_time", lambda: next(stolen, (0.0, 0.0)))
    result = run_hostile_benchmark(tiny_model_path, 0.2, SESSIONS, {"oversized frames": ATTACKS["oversized frames"]})
    assert len(result["alone_runs_p99_ms"]) == 1
    assert result["alone_stolen_percent"] == 0.0
    assert list(stolen) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"worse_ms": 5.0}, "5.0 ms worse"),
        ({"late": 1}, "1 packets of the others were late"),
        ({"audio_ok": False}, "did not hear"),
        ({"made": 0}, "never made"),
        ({"stolen_percent": 0.6}, "taken away for 0.6 %"),
    ],
)
def test_a_check_fails_for_each_way_to_hurt_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: dict[str, object], words: str
) -> None:
    result = GOOD | {"rows": [GOOD_ROW, GOOD_ROW | change]}
    (failure,) = hostile_failures(result)
    assert words in failure
    monkeypatch.setattr(bench, "run_hostile_benchmark", lambda model, seconds, tell: result)
    command = ["hostile", "--model", str(tmp_path / "none")]
    assert CliRunner().invoke(bench.cli, command).exit_code == 0
    checked = CliRunner().invoke(bench.cli, [*command, "--check"])
    assert (checked.exit_code, failure in checked.output) == (1, True)


def test_a_check_of_those_who_hurt_nobody_is_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert hostile_failures(GOOD | {"alone_stolen_percent": 0.6}) != []
    monkeypatch.setattr(bench, "run_hostile_benchmark", lambda model, seconds, tell: GOOD)
    command = ["hostile", "--model", str(tmp_path / "none"), "--check"]
    assert CliRunner().invoke(bench.cli, command).exit_code == 0
