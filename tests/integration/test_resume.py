"""A client whose network goes away and comes back, over Socket.IO."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16, to_s16le
from edge_server.client_http import BoxUnreachableError, RefusedError
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import (
    KIND_AUDIO,
    KIND_SILENCE,
    AudioPacket,
    decode_answer,
    encode_packet,
    silent_packets,
)
from edge_server.transport.socketio_packet import NAMESPACE
from tests.conftest import Voice
from tests.raw_client import RawClient
from tests.running_box import Box, running_box, wait_until

RATE_HZ, PACKET = 16000, 320
START = {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET, "resumable": True}


@pytest.fixture(scope="module")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), max_streams=1) as running:
        yield running


def joined(box: Box) -> RawClient:
    client = RawClient(box)
    assert client.join(box.token())["type"] == 0
    return client


def say(client: RawClient, pcm: bytes, sequence: int) -> None:
    payload = pcm[2 * PACKET * sequence : 2 * PACKET * (sequence + 1)]
    client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload)))


def heard(client: RawClient, until: int) -> list[AudioPacket]:
    answers = [decode_answer(client.receive_event("audio"))]
    while answers[-1].sequence < until:
        answers.append(decode_answer(client.receive_event("audio")))
    return answers


def resume_of(started: dict[str, Any], next_answer: int) -> dict[str, Any]:
    return {"stream_id": started["stream_id"], "key": started["resume"]["key"], "next_answer": next_answer}


def test_the_stream_goes_on_and_sounds_as_if_the_gap_had_been_silence(box: Box, noisy_voice: Voice) -> None:
    pcm = to_s16le(noisy_voice(RATE_HZ, 3.0, 8))
    first = joined(box)
    started = first.call("stream.start", START)
    assert started["resume"]["grace_s"] == 15
    for sequence in range(20):
        say(first, pcm, sequence)
    heard(first, 19)
    first.websocket.sock.close()
    # The box has not noticed, and only one stream may run: it is the same one that goes on.
    second = joined(box)
    resumed = second.call("stream.resume", resume_of(started, 15))
    assert (resumed["ok"], resumed["next_sequence"], resumed["stream_id"]) == (True, 20, started["stream_id"])
    for sequence in range(100, 120):
        say(second, pcm, sequence)
    answers = heard(second, 119)
    silences = [answer for answer in answers if answer.kind == KIND_SILENCE]
    assert [(answer.sequence, silent_packets(answer)) for answer in silences] == [(15, 5), (20, 80)]
    spoken = [answer for answer in answers if answer.kind == KIND_AUDIO]
    assert [answer.sequence for answer in spoken] == list(range(100, 120))
    assert np.abs(np.frombuffer(b"".join(answer.payload for answer in spoken), "<i2")).max() > 500
    summary = second.call("stream.end", {})
    assert (summary["packets_in"], summary["lost_packets"], summary["late_frames"]) == (40, 80, 0)
    assert summary["samples_out"] == 120 * PACKET + started["delay_samples"]
    wait_until(lambda: box.service.engine.stats().live_streams == 0)


def test_a_break_that_the_box_noticed_late_is_gone_over(box: Box, noisy_voice: Voice) -> None:
    pcm = to_s16le(noisy_voice(RATE_HZ, 1.0, 8))
    first = joined(box)
    started = first.call("stream.start", START)
    for sequence in range(5):
        say(first, pcm, sequence)
    heard(first, 4)
    first.websocket.sock.close()
    second = joined(box)
    assert second.call("stream.resume", resume_of(started, 5))["ok"]
    # Half a minute without a sign, which a connection may be before it is missed, and then the time to come back.
    packet = encode_packet(AudioPacket(KIND_AUDIO, 0, 2250, 0, pcm[: 2 * PACKET]))
    second.emit("audio", packet)
    answers = heard(second, 2250)
    assert [(answer.sequence, silent_packets(answer)) for answer in answers[:-1]] == [(5, 2245)]
    assert second.call("stream.end", {})["ok"]


def test_a_stream_waits_for_its_client_and_for_no_longer_than_agreed(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, resume_s=0.3, max_streams=1) as box:
        first = joined(box)
        started = first.call("stream.start", START)
        first.websocket.sock.close()
        wait_until(lambda: box.service._resume_desk.parked == 1)
        assert box.service.engine.stats().live_streams == 1
        wait_until(lambda: box.service.engine.stats().live_streams == 0)
        second = joined(box)
        refused = second.call("stream.resume", resume_of(started, 0))
        assert refused["error"]["code"] == "resume_failed"
        assert second.call("stream.start", START)["ok"]


@pytest.mark.parametrize("farewell", ["end", "disconnect"])
def test_who_says_goodbye_leaves_nothing_behind(box: Box, farewell: str) -> None:
    client = joined(box)
    started = client.call("stream.start", START)
    if farewell == "end":
        client.call("stream.end", {})
    else:
        client.send({"type": 1, "nsp": "/audio"})
    wait_until(lambda: box.service.engine.stats().live_streams == 0)
    assert box.service._resume_desk.parked == 0
    again = joined(box)
    assert again.call("stream.resume", resume_of(started, 0))["error"]["code"] == "resume_failed"


def test_a_stream_that_was_not_promised_to_wait_does_not(box: Box) -> None:
    client = joined(box)
    assert "resume" not in client.call("stream.start", START | {"resumable": False})
    client.websocket.sock.close()
    wait_until(lambda: box.service.engine.stats().live_streams == 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"key": "wrong"}, "resume_failed"),
        ({"stream_id": "wrong"}, "resume_failed"),
        ({"next_answer": 7}, "bad_request"),
        ({"next_answer": "0"}, "bad_request"),
        ({"key": None}, "bad_request"),
    ],
)
def test_a_wrong_resume_is_refused_and_the_right_one_still_works(box: Box, change: dict[str, Any], code: str) -> None:
    first = joined(box)
    started = first.call("stream.start", START)
    second = joined(box)
    assert second.call("stream.resume", resume_of(started, 0) | change)["error"]["code"] == code
    assert second.call("stream.resume", resume_of(started, 0))["ok"]
    assert second.call("stream.end", {})["ok"]


def test_who_has_a_stream_cannot_resume_another(box: Box) -> None:
    client = joined(box)
    started = client.call("stream.start", START)
    assert client.call("stream.resume", resume_of(started, 0))["error"]["code"] == "stream_exists"
    assert client.call("stream.end", {})["ok"]


@pytest.mark.parametrize("breaks", [(60,), (60, 120, 180), (299,)])
def test_the_python_client_goes_on_by_itself_where_the_box_left_off(
    tiny_model: ModelFile, tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice, breaks: tuple[int, ...]
) -> None:
    samples = to_s16(noisy_voice(RATE_HZ, 6.0, 3))
    cut_at = set(breaks)
    with running_box(tiny_model_path, tmp_path) as box, box.client() as client:
        send = client.send_audio

        def send_and_lose(packet: AudioPacket) -> None:
            send(packet)
            if packet.sequence in cut_at:
                cut_at.remove(packet.sequence)
                client._socket.eio.ws.sock.shutdown(socket.SHUT_RDWR)

        client.send_audio = send_and_lose  # type: ignore[method-assign]
        streamed = client.stream(samples, RATE_HZ, realtime=False)
    assert not cut_at
    # Nothing was lost on the way in, so that the model heard it all; answers that were on their way out are silence.
    assert (streamed.summary["packets_in"], streamed.summary["lost_packets"]) == (300, 0)
    assert [packet.sequence for packet in streamed.packets] == list(range(len(streamed.packets)))
    alone = to_s16(denoise_samples(tiny_model, samples.astype(np.float32) / 32768, RATE_HZ))
    silent = np.zeros(len(samples) + 2 * streamed.started["delay_samples"], bool)
    for packet in streamed.packets:
        if not any(packet.payload):
            silent[packet.sequence * PACKET : (packet.sequence + 1) * PACKET] = True
    heard = ~silent[streamed.started["delay_samples"] :][: len(samples)]
    assert heard.mean() > 0.5
    assert np.array_equal(streamed.samples[heard], alone[heard])


def test_the_python_client_gives_up_when_the_box_does_not_come_back(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    with running_box(tiny_model_path, tmp_path, resume_s=0.3) as box:
        client = box.client()
        send = client.send_audio

        def send_and_lose(packet: AudioPacket) -> None:
            send(packet)
            if packet.sequence == 20:
                # Nothing listens there: the network is gone for good.
                client.url = "http://127.0.0.1:1"
                client._socket.eio.ws.sock.shutdown(socket.SHUT_RDWR)

        client.send_audio = send_and_lose  # type: ignore[method-assign]
        with pytest.raises(BoxUnreachableError):
            client.stream(to_s16(noisy_voice(RATE_HZ, 3.0, 3)), RATE_HZ)


def test_the_python_client_tells_why_the_box_has_ended_its_stream(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        client = box.client()
        send = client.send_audio

        def send_and_stop(packet: AudioPacket) -> None:
            if packet.sequence == 20:
                box.service.request_stop()
            send(packet)

        client.send_audio = send_and_stop  # type: ignore[method-assign]
        with pytest.raises(RefusedError) as refused:
            client.stream(to_s16(noisy_voice(RATE_HZ, 3.0, 3)), RATE_HZ)
    assert refused.value.refused_code == "server_stopping"


def test_the_python_client_tells_of_the_break_that_took_the_end_of_its_stream(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    with running_box(tiny_model_path, tmp_path) as box, box.client() as client:
        call = client.call

        def end_and_lose(event: str, argument: Any, anew: bool = True) -> dict[str, Any]:
            if event == "stream.end":
                client._socket.on("audio", lambda answer: None, namespace=NAMESPACE)
                client._emit(event, argument)
                wait_until(lambda: box.service.engine.stats().live_streams == 0)
                client._socket.eio.ws.sock.shutdown(socket.SHUT_RDWR)
            return call(event, argument, anew)

        client.call = end_and_lose  # type: ignore[method-assign]
        with pytest.raises(BoxUnreachableError, match=r"broke|no connection"):
            client.stream(to_s16(noisy_voice(RATE_HZ, 1.0, 3)), RATE_HZ, realtime=False)


def test_a_stop_does_not_wait_for_those_who_are_away(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        client = joined(box)
        client.call("stream.start", START)
        client.websocket.sock.close()
        wait_until(lambda: box.service._resume_desk.parked == 1)
    assert box.service.engine.stats().live_streams == 0
