"""Clients as python-socketio makes them by default: the stock JSON parser, over polling, over a WebSocket, or upgraded."""

import contextlib
import itertools
import json
import socket
import threading
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
import socketio
import websocket

from edge_server.audio.pcm import to_s16le
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from tests.conftest import Voice
from tests.raw_client import EVENT
from tests.running_box import Box, running_box, wait_until
from tests.transport.poller import Poller, audio_event

RATE_HZ, PACKET = 16000, 320
START = {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET}
TIMEOUT_S = 20.0


@pytest.fixture(scope="module")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), handshake_timeout_s=0.5) as running:
        yield running


class StockClient:
    """A client of python-socketio with what it heard."""

    def __init__(self, box: Box, transports: list[str] | None, serializer: str) -> None:
        self.answers: list[AudioPacket] = []
        self.changed = threading.Condition()
        self.socket = socketio.Client(reconnection=False, serializer=serializer, handle_sigint=False)
        self.socket.on("audio", self._hear, namespace="/audio")
        self.socket.connect(box.url, auth={"token": box.token()}, namespaces=["/audio"], transports=transports)

    def call(self, event: str, argument: object) -> dict[str, object]:
        return dict(self.socket.call(event, argument, namespace="/audio", timeout=TIMEOUT_S))

    def say(self, sequence: int, payload: bytes) -> None:
        self.socket.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload)), namespace="/audio")

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.answers) >= count, TIMEOUT_S)

    def _hear(self, data: bytes) -> None:
        with self.changed:
            self.answers.append(decode_answer(data))
            self.changed.notify_all()


@pytest.mark.parametrize("serializer", ["default", "msgpack"])
@pytest.mark.parametrize("transports", [["polling"], ["websocket"], None])
def test_stock_clients_hear_what_offline_gives(
    box: Box, tiny_model: ModelFile, noisy_voice: Voice, transports: list[str] | None, serializer: str
) -> None:
    samples = noisy_voice(RATE_HZ, 0.6, 3)
    pcm = to_s16le(samples)
    client = StockClient(box, transports, serializer)
    try:
        started = client.call("stream.start", START)
        for sequence in range(30):
            client.say(sequence, pcm[640 * sequence : 640 * (sequence + 1)])
            client.wait_for(sequence - 10)
        client.wait_for(30)
        summary = client.call("stream.end", {})
        client.wait_for(int(str(summary["packets_out"])))
        # The answer was faster than the end of its request, behind which python-engineio would not say goodbye.
        wait_until(lambda: not client.socket.eio.queue.unfinished_tasks)
    finally:
        client.socket.disconnect()
    heard = b"".join(answer.payload for answer in sorted(client.answers, key=lambda answer: answer.sequence))
    assert heard[2 * int(str(started["delay_samples"])) :] == to_s16le(denoise_samples(tiny_model, samples, RATE_HZ))


@pytest.mark.parametrize("serializer", ["default", "msgpack"])
def test_refusals_and_notices_reach_stock_clients(box: Box, serializer: str) -> None:
    client = StockClient(box, ["polling"], serializer)
    notices: list[dict[str, object]] = []
    client.socket.on("notice", notices.append, namespace="/audio")
    assert client.call("stream.set", {"suppression_limit_db": 3})["error"]["code"] == "no_stream"  # type: ignore[index]
    client.say(0, b"")
    wait_until(lambda: notices)
    assert notices[0]["code"] == "no_stream"
    client.socket.disconnect()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"9",
        b"4",
        b"4[" + b"[" * 5000,
        b"b",
        b"bAAA",
        b"b!!!!",
        b"\xff\xfe",
        b"0{}",
        b"2",
        b"\x1e".join([b"3"] * 65),
    ],
)
def test_bodies_that_are_no_packets_are_refused_and_the_session_goes_on(box: Box, body: bytes) -> None:
    poller = Poller(box).join(box.token())
    assert poller.post(body) == 400
    assert poller.post(b"3") == 200


def test_a_body_is_bounded_and_more_so_before_the_token(box: Box) -> None:
    poller = Poller(box)
    assert poller.post(b"4" + b"0" * 70_000) == 400
    poller.join(box.token())
    assert poller.post(b"40" + b" " * 900_000) == 200
    assert poller.post(b"4" + b"0" * (1 << 20)) == 400


@pytest.mark.parametrize("attachments", [2, 999999999])
def test_a_flood_of_attachments_is_malformed(box: Box, attachments: int) -> None:
    connection = websocket.create_connection(
        box.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=TIMEOUT_S
    )
    connection.recv()
    connection.send("40/audio," + json.dumps({"token": box.token()}))
    assert connection.recv().startswith("40/audio,")
    connection.send(f'45{attachments}-/audio,["audio",{{"_placeholder":true,"num":0}}]')
    assert '"bad_request"' in connection.recv()
    connection.send_binary(b"nobody waits for this")
    assert '"bad_request"' in connection.recv()
    connection.send('42/audio,1["stream.start",' + json.dumps(START) + "]")
    assert '"ok":true' in connection.recv()
    connection.close()


@pytest.mark.parametrize(
    "text", ['42/audio,["audio",[[[', '42/audio,{"a":1}', "42/audio,", '45-/audio,["audio"]', "49", "42" + "[" * 50_000]
)
def test_malformed_json_is_noticed_and_the_session_goes_on(box: Box, text: str) -> None:
    connection = websocket.create_connection(
        box.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=TIMEOUT_S
    )
    connection.recv()
    connection.send("40/audio," + json.dumps({"token": box.token()}))
    connection.recv()
    connection.send(text)
    assert '"bad_request"' in connection.recv()
    connection.send('42/audio,1["stream.start",' + json.dumps(START) + "]")
    assert '"ok":true' in connection.recv()
    connection.close()


def test_an_upgraded_connection_stays_and_takes_large_messages(box: Box) -> None:
    client = StockClient(box, None, "msgpack")
    notices: list[dict[str, object]] = []
    client.socket.on("notice", notices.append, namespace="/audio")
    wait_until(lambda: client.socket.transport() == "websocket")
    # Longer than anyone may stay who shows no token.
    until_s = time.monotonic() + 3 * box.service.settings.handshake_timeout_s
    while time.monotonic() < until_s:
        assert client.call("stream.set", {"suppression_limit_db": 3})["error"]["code"] == "no_stream"  # type: ignore[index]
    client.call("stream.start", START)
    client.say(0, bytes(300_000))
    wait_until(lambda: notices)
    assert notices[0]["code"] == "packet_wrong_size"
    assert client.call("stream.end", {})["ok"]
    client.socket.disconnect()


def test_what_comes_behind_the_end_of_a_connection_is_forgotten(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        server = box.service.socketio.server
        for _ in range(3):
            assert Poller(box).post(b"1\x1e40/audio,{}") == 200
        wait_until(lambda: not server.environ)
        assert not server.plain_clients._is_plain
        assert not server.manager.pending_disconnect
        assert not server.manager.rooms.get("/audio")


def test_a_plain_client_that_does_not_read_is_cut(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, max_outbound_packets=64) as small:
        connection = websocket.create_connection(
            small.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket", timeout=TIMEOUT_S
        )
        connection.recv()
        connection.send("40/audio," + json.dumps({"token": small.token()}))
        connection.recv()
        connection.send('42/audio,1["stream.start",{"sample_rate_hz":48000,"packet_samples":4800}]')
        with contextlib.suppress(OSError):
            for number in itertools.count():
                connection.send('451-/audio,["audio",{"_placeholder":true,"num":0}]')
                connection.send_binary(encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(9600))))
        wait_until(lambda: small.service.metrics.cut_connections._value.get() == 1)
        wait_until(lambda: small.service.engine.stats().live_streams == 0)


def test_a_polling_connection_that_never_shows_a_token_is_forgotten(box: Box) -> None:
    sockets = box.service.socketio.server.eio.sockets
    before = set(sockets)
    opened: set[str] = set()
    for _ in range(5):
        Poller(box)
        # On a busy machine the first is forgotten before the last is there.
        opened |= set(sockets) - before
    assert len(opened) == 5
    wait_until(lambda: not set(sockets) - before)


def test_connections_that_nobody_holds_are_bounded(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, max_connections=4) as small:
        for _ in range(4):
            Poller(small)
        with pytest.raises(urllib.error.HTTPError) as caught:
            Poller(small)
        assert caught.value.code == 400


def test_a_poller_that_does_not_fetch_loses_audio_and_then_its_connection(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    with running_box(tiny_model_path, tmp_path, max_outbound_packets=8) as box:
        poller = Poller(box).join(box.token())
        started = poller.call("stream.start", START | {"resumable": True})
        numbers = iter(range(1000))
        while not box.service.metrics.cut_connections._value.get():
            poller.send(audio_event(next(numbers), bytes(640)))
        # In place of the audio that it did not fetch it hears why it is parted from, and then the end.
        told = [packet["data"] for packet in poller.receive() if packet["type"] == EVENT]
        assert [(event, argument["code"]) for event, argument in told] == [("goodbye", "client_too_slow")]
        wait_until(lambda: poller.fetch() == [])
        again = Poller(box).join(box.token())
        resume = {"stream_id": started["stream_id"], "key": started["resume"]["key"], "next_answer": 0}
        assert again.call("stream.resume", resume)["ok"]
        assert box.service.metrics.cut_connections._value.get() == 1


def test_a_poller_that_catches_up_starts_anew(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, max_outbound_packets=8) as box:
        poller = Poller(box).join(box.token())
        poller.call("stream.start", START)
        audio = box.service.metrics.audio
        for first in range(0, 65, 13):
            for number in range(first, first + 13):
                assert poller.send(audio_event(number, bytes(640))) == 200
            wait_until(lambda first=first: audio.packets_out == first + 13)
            heard = [decode_answer(packet["data"][1]).sequence for packet in poller.receive()]
            assert heard == list(range(first + 5, first + 13))


@pytest.mark.parametrize("path", ["/socket.io/", "/socket.io/x"])
def test_a_half_upgrade_leaves_nothing_behind(box: Box, path: str) -> None:
    answer = answer_to_upgrade(box, path, b"Upgrade: websocket\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", b"426"),
        (b"Sec-WebSocket-Version: 99\r\n", b"400"),
        (b"Sec-WebSocket-Version: 13\r\n", b"400"),
        (b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", b"400"),
        (b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: abc\r\n", b"400"),
    ],
)
def test_what_is_no_upgrade_of_the_standard_is_refused_in_words(box: Box, headers: bytes, status: bytes) -> None:
    answer = answer_to_upgrade(box, "/socket.io/", b"Upgrade: websocket\r\nConnection: Upgrade\r\n" + headers)
    assert answer.split(b" ")[1] == status
    assert b"WebSocket" in answer.partition(b"\r\n\r\n")[2] or b"Websocket" in answer.partition(b"\r\n\r\n")[2]


def answer_to_upgrade(box: Box, path: str, headers: bytes) -> bytes:
    """Give all that the box says to a request with these headers before it hangs up."""
    request = f"GET {path}?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n".encode() + headers + b"\r\n"
    answer = b""
    with socket.create_connection(("127.0.0.1", box.service.http_port or 0), timeout=TIMEOUT_S) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while block := connection.recv(4096):
            answer += block
    return answer
