"""A box whose engine stands still for longer than a frame may wait, as its client sees it."""

import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_server.engine.model_file import load_model
from edge_server.transport.packets import FLAG_LATE, KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from tests.engine.driving import FlakySession, flaky
from tests.raw_client import EVENT, RawClient
from tests.running_box import Box, running_box, wait_until

RATE_HZ, PACKET = 16000, 320
DEADLINE_MS = 100
WAITING_PACKETS = 5


@pytest.fixture
def model_runs(tiny_model_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlakySession:
    model, session = flaky(load_model(tiny_model_path))
    monkeypatch.setattr("edge_server.app.open_model", lambda settings: model)
    return session


@pytest.fixture
def box(model_runs: FlakySession, tiny_model_path: Path, tmp_path: Path) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path, deadline_ms=DEADLINE_MS) as running:
        yield running


def say(client: RawClient, sequence: int) -> None:
    client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, bytes(2 * PACKET))))


def hear(client: RawClient, answers: list[AudioPacket], notices: list[dict[str, Any]]) -> None:
    """Take what comes up to the next packet of audio."""
    while True:
        packet = client.receive()
        assert packet["type"] == EVENT
        event, argument = packet["data"]
        if event == "audio":
            answers.append(decode_answer(argument))
            return
        assert event == "notice"
        notices.append(argument)


def test_who_hears_late_audio_is_told_and_hears_denoised_audio_again(box: Box, model_runs: FlakySession) -> None:
    answers: list[AudioPacket] = []
    notices: list[dict[str, Any]] = []
    with RawClient(box) as client:
        client.join(box.token())
        client.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET})
        engine_goes_on = model_runs.hold_next = threading.Event()
        for sequence in range(WAITING_PACKETS):
            say(client, sequence)
        wait_until(lambda: model_runs.hold_next is None)
        # Who is ahead of real time is due later by as much.
        overdue_s = time.monotonic() + (DEADLINE_MS + 20 * WAITING_PACKETS) / 1000
        wait_until(lambda: time.monotonic() > overdue_s)
        engine_goes_on.set()
        for sequence in itertools.count(WAITING_PACKETS):
            hear(client, answers, notices)
            if sequence > 2 * WAITING_PACKETS and not answers[-1].flags & FLAG_LATE:
                break
            say(client, sequence)
    assert [answer.sequence for answer in answers] == list(range(len(answers)))
    assert any(answer.flags & FLAG_LATE for answer in answers[:WAITING_PACKETS])
    # Every late packet deserves one; a client is told at most once in 5 s.
    assert [(notice["code"], notice["retryable"]) for notice in notices] == [("overloaded", True)]
