"""What audio does not have to wait for on its way through the box."""

import json
import socket
import ssl
from collections.abc import Callable
from http.client import HTTPConnection, HTTPSConnection

import flask
import pytest
import websocket

from edge_server.sessions.live_voice import LiveVoice
from edge_server.transport.handler import BoundedHandler
from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_raw_packet
from tests.raw_client import RawClient
from tests.running_box import Box
from tests.transport.poller import Poller, audio_event, audio_packet

START = {"sample_rate_hz": 16000, "packet_samples": 320}
SILENCE = bytes(640)
TIMEOUT_S = 20.0


def speak_msgpack(box: Box) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        client.call("stream.start", START)
        client.emit("audio", audio_packet(0, SILENCE))
        client.receive_event("audio")


def speak_json(box: Box) -> None:
    with RawClient(box) as client:
        connection = client.websocket
        connection.send("40/audio," + json.dumps({"token": box.token()}))
        connection.send('42/audio,1["stream.start",' + json.dumps(START) + "]")
        connection.send('451-/audio,["audio",{"_placeholder":true,"num":0}]')
        connection.send_binary(audio_packet(0, SILENCE))
        while not isinstance(connection.recv(), bytes):
            pass


def speak_polling(box: Box) -> None:
    poller = Poller(box).join(box.token())
    poller.call("stream.start", START)
    poller.send(audio_event(0, SILENCE))
    assert poller.receive()[0]["data"][0] == "audio"


def speak_raw(box: Box) -> None:
    url = box.url.replace("http", "ws") + "/ws/v1/audio?sample_rate_hz=16000&packet_samples=320"
    connection = websocket.create_connection(url, header=[f"Authorization: Bearer {box.token()}"], timeout=TIMEOUT_S)
    connection.send_binary(encode_raw_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, SILENCE)))
    while not isinstance(connection.recv(), bytes):
        pass
    connection.close()


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether there was a Flask request context, for each packet that reached its voice."""
    seen: list[bool] = []
    accept = LiveVoice.accept

    def watched(voice: LiveVoice, packet: AudioPacket) -> None:
        seen.append(flask.has_request_context())
        accept(voice, packet)

    monkeypatch.setattr(LiveVoice, "accept", watched)
    return seen


@pytest.mark.parametrize("speak", [speak_msgpack, speak_json, speak_polling, speak_raw])
def test_audio_takes_no_request_context_of_flask(box: Box, contexts: list[bool], speak: Callable[[Box], None]) -> None:
    speak(box)
    assert contexts == [False]


def connect_plainly(box: Box) -> HTTPConnection:
    return HTTPConnection("127.0.0.1", box.service.http_port, timeout=TIMEOUT_S)


def connect_by_tls(box: Box) -> HTTPConnection:
    context = ssl.create_default_context(cafile=str(box.certificate))
    return HTTPSConnection("127.0.0.1", box.service.https_port, timeout=TIMEOUT_S, context=context)


@pytest.mark.parametrize("connect", [connect_plainly, connect_by_tls])
def test_small_packets_are_sent_at_once(
    box: Box, monkeypatch: pytest.MonkeyPatch, connect: Callable[[Box], HTTPConnection]
) -> None:
    options: list[int] = []
    answer = BoundedHandler.handle_one_response

    def watched(handler: BoundedHandler) -> None:
        options.append(handler.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        answer(handler)

    monkeypatch.setattr(BoundedHandler, "handle_one_response", watched)
    connection = connect(box)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()
    assert [bool(option) for option in options] == [True]
