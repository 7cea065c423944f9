"""What a poller finds in its answers, and how it hears that they are over."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_server.transport.packets import decode_answer
from edge_server.transport.poll_queue import MAX_ANSWER_PACKETS
from tests.raw_client import EVENT
from tests.running_box import Box, running_box, wait_until
from tests.transport.poller import Poller, audio_event, audio_packet

PACKETS = 60
START = {"sample_rate_hz": 16000, "packet_samples": 320}


@pytest.fixture(scope="module")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(
        tiny_model_path, tmp_path_factory.mktemp("box"), max_backlog_packets=200, max_outbound_packets=200
    ) as running:
        yield running


def test_a_stock_client_goes_on_after_its_network_stood_still_for_a_second(box: Box) -> None:
    program = [sys.executable, "-m", "tests.transport.stock_poller", box.url, box.token(), str(PACKETS)]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout) == {"heard": list(range(PACKETS)), "connected": True}


def test_packets_of_audio_are_merged_in_one_body_each_way(box: Box) -> None:
    poller = Poller(box).join(box.token())
    poller.call("stream.start", START)
    before = box.service.metrics.audio.packets_out
    assert poller.send(*(audio_event(number, bytes(640)) for number in range(PACKETS))) == 200
    wait_until(lambda: box.service.metrics.audio.packets_out == before + PACKETS)
    answers: list[list[int]] = []
    while sum(map(len, answers)) < PACKETS:
        events = [packet["data"] for packet in poller.receive() if packet["type"] == EVENT]
        answers.append([decode_answer(argument).sequence for event, argument in events if event == "audio"])
    assert [number for answer in answers for number in answer] == list(range(PACKETS))
    assert max(map(len, answers)) == MAX_ANSWER_PACKETS


def test_an_answer_in_json_holds_whole_packets_of_audio(box: Box) -> None:
    poller = Poller(box)
    assert poller.send_plain("0/audio," + json.dumps({"token": box.token()})) == 200
    assert len(poller.fetch()) == 1
    # Its answer leaves room for half a packet of audio at the end of the first body.
    assert poller.send_plain('2/audio,1["stream.start",' + json.dumps(START) + "]") == 200
    before = box.service.metrics.audio.packets_out
    for number in range(PACKETS):
        audio = audio_packet(number, bytes(640))
        assert poller.send_plain('51-/audio,["audio",{"_placeholder":true,"num":0}]', audio) == 200
    wait_until(lambda: box.service.metrics.audio.packets_out == before + PACKETS)
    answers: list[list[bytes]] = []
    while sum(data.startswith(b"451-") for answer in answers for data in answer) < PACKETS:
        answers.append(poller.fetch())
    assert max(map(len, answers)) <= MAX_ANSWER_PACKETS
    assert all(answer[-1][:1] == b"b" for answer in answers if any(data.startswith(b"451-") for data in answer))


def test_a_poller_whose_stream_goes_on_elsewhere_is_let_go(tiny_model_path: Path, tmp_path: Path) -> None:
    # Nothing else ends a poller that answers no ping.
    with running_box(tiny_model_path, tmp_path, ping_interval_s=120) as box:
        first, second = (Poller(box).join(box.token()) for _ in range(2))
        started = first.call("stream.start", START | {"resumable": True})
        resume = {"stream_id": started["stream_id"], "key": started["resume"]["key"], "next_answer": 0}
        assert second.call("stream.resume", resume)["ok"]
        wait_until(lambda: first.fetch() == [])
        assert second.call("stream.end", {})["ok"]
