"""A box that stops: live streams are flushed, everyone is told."""

import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.client import DenoiseClient
from edge_server.client_http import RefusedError
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import KIND_AUDIO, KIND_TAIL, AudioPacket, decode_answer, encode_packet
from tests.audio_files import encoded
from tests.conftest import Voice
from tests.raw_client import ACK, RawClient
from tests.running_box import running_box, wait_until

PACKET = 320
START = {"sample_rate_hz": 16000, "packet_samples": PACKET}
READY_TIMEOUT_S = 30.0


def send_all(client: DenoiseClient, samples: np.ndarray) -> int:  # type: ignore[type-arg]
    packets = len(samples) // PACKET
    for number in range(packets):
        payload = samples[number * PACKET : (number + 1) * PACKET].astype("<i2").tobytes()
        client.send_audio(AudioPacket(KIND_AUDIO, 0, number, 0, payload))
        client.wait_for_answers(number - 10)
    client.wait_for_answers(packets)
    return packets


def assert_flushed(
    client: DenoiseClient,
    samples: np.ndarray,  # type: ignore[type-arg]
    delay_samples: int,
    model: ModelFile,
) -> None:
    ended = client.wait_for_event("stream.ended")
    assert ended["reason"] == "server_stopping"
    assert client.wait_for_event("goodbye")["code"] == "server_stopping"
    client.wait_for_event("disconnect")
    packets = client.wait_for_answers(ended["packets_out"])
    assert packets[-1].kind == KIND_TAIL
    received = np.frombuffer(b"".join(packet.payload for packet in packets), "<i2")
    expected = to_s16(denoise_samples(model, samples.astype(np.float32) / 32768, 16000))
    assert np.array_equal(received[delay_samples:], expected)


def test_live_streams_are_flushed_and_everyone_is_told(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice
) -> None:
    samples = to_s16(noisy_voice(16000, 1.0, 21))[: 48 * PACKET]
    with running_box(tiny_model.path, tmp_path) as box:
        client, idle = box.client(), box.client()
        idle.connect()
        started = client.call("stream.start", START)
        send_all(client, samples)
        box.service.request_stop()
        assert_flushed(client, samples, started["delay_samples"], tiny_model)
        assert idle.wait_for_event("goodbye")["code"] == "server_stopping"
        with pytest.raises((RefusedError, EngineFailedError)):
            box.client().connect()


def test_a_stop_during_the_end_of_a_stream_loses_nothing(tiny_model: ModelFile, tmp_path: Path) -> None:
    with running_box(tiny_model.path, tmp_path) as box, RawClient(box) as client:
        client.join(box.token())
        assert client.call("stream.start", START)["ok"]
        client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(2 * PACKET))))
        assert client.receive_event("audio")
        # The engine is held, so that the end is still under way when the box is told to stop.
        held = threading.Event()
        for lane in box.service.engine._lanes:
            lane.order(lambda pipeline: held.wait(READY_TIMEOUT_S) and None)
        client.emit("stream.end", {}, number=7)
        wait_until(lambda: any(one.session.ending for one in box.service._audio.clients.values()))
        box.service.request_stop()
        wait_until(lambda: box.service._audio.stopping)
        held.set()
        heard = []
        while (packet := client.receive())["type"] != ACK:
            heard.append(decode_answer(packet["data"][1]))
        assert packet["data"][0]["ok"]
        assert sum(len(answer.payload) for answer in heard if answer.kind == KIND_TAIL) > 0
        assert client.receive_event("goodbye")["code"] == "server_stopping"


def test_an_end_that_the_engine_does_not_flush_is_waited_for_and_no_longer(
    tiny_model: ModelFile, tmp_path: Path
) -> None:
    with running_box(tiny_model.path, tmp_path, stop_timeout_s=0.3) as box, RawClient(box) as client:
        client.join(box.token())
        assert client.call("stream.start", START)["ok"]
        held = threading.Event()
        for lane in box.service.engine._lanes:
            lane.order(lambda pipeline: held.wait(READY_TIMEOUT_S) and None)
        client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(2 * PACKET))))
        assert client.call("stream.end", {})["error"]["code"] == "engine_failed"
        assert not held.is_set()
        held.set()


def test_a_file_under_way_is_told_that_the_box_stops(tiny_model: ModelFile, tmp_path: Path) -> None:
    long = encoded(np.zeros(16000 * 1200, np.int16), 16000)
    with running_box(tiny_model.path, tmp_path) as box, RawClient(box) as client:
        client.join(box.token())
        client.emit("clip", {"token": box.token(), "data": long}, number=1)
        wait_until(lambda: box.service._clips.under_way == 1)
        box.service.request_stop()
        while (packet := client.receive())["type"] != ACK:
            pass
        assert packet["data"][0]["error"]["code"] == "server_stopping"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_command_in_order(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice, number: signal.Signals
) -> None:
    samples = to_s16(noisy_voice(16000, 0.5, 22))[: 24 * PACKET]
    options = ["--data-dir", str(tmp_path), "--model", str(tiny_model.path), "--http-port", "0", "--no-https"]
    command = [sys.executable, "-m", "edge_server", "serve", *options, "--deadline-ms", "60000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    killer = threading.Timer(READY_TIMEOUT_S, process.kill)
    killer.start()
    try:
        assert process.stdout is not None
        url = pin = None
        while url is None or pin is None:
            line = process.stdout.readline()
            assert line, "the command ended before it was ready"
            url = url or next(iter(re.findall(r"http://localhost:\d+", line)), None)
            pin = pin or next(iter(re.findall(r"#pin=(\d{6})", line)), None)
        client = DenoiseClient(url.replace("localhost", "127.0.0.1"))
        client.pair(pin)
        started = client.call("stream.start", START)
        send_all(client, samples)
        process.send_signal(number)
        assert_flushed(client, samples, started["delay_samples"], tiny_model)
        output, errors = process.communicate(timeout=READY_TIMEOUT_S)
    finally:
        killer.cancel()
        process.kill()
    assert process.returncode == 0
    assert "Hushbox has stopped." in output
    assert "Traceback" not in errors
