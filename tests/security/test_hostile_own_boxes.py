"""Clients that mean harm to boxes with settings of their own, on each of which someone speaks meanwhile."""

import contextlib
import gc
import itertools
import json
import select
import socket
import struct
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_server.transport.engineio_websocket import EngineIoWebSocket
from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_packet
from edge_server.transport.socketio_packet import encode_audio
from edge_server.transport.websocket_frames import BINARY
from tests.audio_files import encoded
from tests.raw_client import RawClient
from tests.running_box import Box, running_box, wait_until
from tests.security.bystander import PING_TIMEOUT_S, Words
from tests.security.conftest import DEADLINE_MS, WatchedBox, watched
from tests.security.sockets import PATIENCE_S, answer_to, connected_socket, ends
from tests.transport.poller import Poller
from tests.transport.test_websocket_frames import masked

UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
START = {"sample_rate_hz": 16000, "packet_samples": 320}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HEALTH_AND_STAY = HEALTH.replace(b"Connection: close\r\n", b"")


@pytest.fixture(scope="module")
def patient_box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box that waits for pings for so long that it cannot hide who was never let go."""
    folder = tmp_path_factory.mktemp("patient")
    with running_box(tiny_model_path, folder, ping_interval_s=600, deadline_ms=DEADLINE_MS) as box:
        yield box


@pytest.mark.parametrize(
    "message", ["", "x", "9", "hello", "b", "bAAAA", "b!!", "0{}", "1x", "2" + "x" * 60_000, "3" + "[" * 60_000]
)
def test_text_that_is_no_packet_ends_the_connection(patient_box: Box, words: Words, message: str) -> None:
    with watched(patient_box, words):
        client = RawClient(patient_box)
        client.join(patient_box.token())
        client.call("stream.start", START)
        client.websocket.send(message)
        assert client.closed_by_box()
        wait_until(lambda: client.sid not in patient_box.service.socketio.server.eio.sockets)


@pytest.mark.parametrize("limit", [{"max_outbound_packets": 64}, {"max_outbound_bytes": 100_000}])
def test_a_client_that_does_not_read_is_cut(watched_box: WatchedBox, limit: dict[str, int]) -> None:
    with watched_box(**limit) as box:
        client = RawClient(box)
        client.join(box.token())
        client.call("stream.start", {"sample_rate_hz": 48000, "packet_samples": 4800})
        with contextlib.suppress(OSError):
            for number in itertools.count():
                client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(9600))))
        wait_until(lambda: client.sid not in box.service.socketio.server.eio.sockets)
        assert box.service.metrics.cut_connections._value.get() == 1


def test_connections_that_are_over_are_forgotten_at_once(watched_box: WatchedBox) -> None:
    with watched_box(handshake_timeout_s=600.0) as box:
        for joins in (True, False) * 5:
            client = RawClient(box)
            if joins:
                client.join(box.token())
            client.websocket.close()
            with connected_socket(box.service.http_port) as reset:
                # Gone before the upgrade can be answered: then nobody ever reads this connection.
                reset.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                reset.sendall(UPGRADE)
        # One is left: of who speaks meanwhile.
        wait_until(lambda: len(box.service.socketio.server.eio.sockets) == 1)
        wait_until(lambda: _websockets_in_memory(box) == 1)


def _websockets_in_memory(box: Box) -> int:
    gc.collect()
    port = str(box.service.http_port)
    return sum(type(it) is EngineIoWebSocket and it.environ["SERVER_PORT"] == port for it in gc.get_objects())


def started(box: Box) -> RawClient:
    """Give a client that has a stream."""
    client = RawClient(box)
    client.join(box.token())
    assert client.call("stream.start", START)["ok"]
    return client


def test_clients_that_vanish_free_their_slots(watched_box: WatchedBox) -> None:
    with watched_box(max_streams=4, ping_interval_s=1, ping_timeout_s=PING_TIMEOUT_S) as box:
        # They neither answer pings nor close; only the box's own patience ends them.
        vanished = [started(box) for _ in range(3)]
        # The one that is left is who speaks meanwhile.
        wait_until(lambda: len(box.service._audio.clients) == 1)
        assert all(client.closed_by_box() for client in vanished)
        for client in [started(box) for _ in range(3)]:
            client.websocket.close()


def test_one_device_never_has_all_voices(watched_box: WatchedBox) -> None:
    with watched_box(max_streams=8) as box, contextlib.ExitStack() as stack:
        greedy, token = [stack.enter_context(RawClient(box)) for _ in range(8)], box.token()
        for client in greedy:
            client.join(token)
        answers = [client.call("stream.start", START) for client in greedy]
        # The one who speaks meanwhile has one of the eight, but between two streams; two are kept.
        assert sum(answer["ok"] for answer in answers) in (5, 6)
        refusal = next(answer["error"] for answer in answers if not answer["ok"])
        assert (refusal["code"], refusal["retryable"], refusal["retry_after_s"]) == ("too_many_streams", True, 15.0)
        assert started(box).websocket.connected


def test_uploads_that_never_end_are_bounded_and_end(watched_box: WatchedBox) -> None:
    limits = {"max_clips": 1, "upload_wait_s": 0.2, "upload_timeout_s": 1.0}
    large = struct.pack("!BBQ", 0x82, 0x80 | 127, 2_000_000) + b"mask" + bytes(400_000)
    with watched_box(**limits) as box:
        first, second = RawClient(box), RawClient(box)
        for client in (first, second):
            client.join(box.token())
            client.websocket.sock.sendall(large)
        assert second.closed_by_box()
        assert first.closed_by_box()
        with box.client() as later:
            later.clip(encoded(np.zeros(400_000, np.int16), 16000))


def test_an_address_never_has_all_places_for_uploads(watched_box: WatchedBox) -> None:
    with watched_box(max_clips=2, upload_wait_s=0.2) as box, contextlib.ExitStack() as stack:
        head = f"POST /api/v1/denoise HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer {box.token()}\r\n".encode()
        slow = head + b"Content-Length: 1000000\r\n\r\n" + bytes(1000)
        greedy = [stack.enter_context(connected_socket(box.service.http_port, "127.0.0.2")) for _ in range(3)]
        for connection in greedy:
            connection.sendall(slow)
        # One of them has a place, and the others hear when to come again.
        wait_until(lambda: len(select.select(greedy, [], [], 0.0)[0]) == 2)
        refused = select.select(greedy, [], [], 0.0)[0]
        assert {connection.recv(65536)[:12] for connection in refused} == {b"HTTP/1.1 503"}
        with box.client() as other:
            other.clip(encoded(np.zeros(400_000, np.int16), 16000))


def test_connections_beyond_the_limit_wait_for_the_others_to_be_cut(watched_box: WatchedBox) -> None:
    with watched_box(max_connections=3, http_timeout_s=0.5) as box, contextlib.ExitStack() as stack:
        sources = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
        first, second, beyond = (stack.enter_context(connected_socket(box.service.http_port, it)) for it in sources)
        beyond.sendall(HEALTH)
        ready, _, _ = select.select([first, second, beyond], [], [], PATIENCE_S)
        assert ready != [beyond], "it was answered before anyone else was cut"
        assert ends(first)
        assert beyond.recv(65536).startswith(b"HTTP/1.1 200")
        assert ends(second)


def test_an_address_never_has_all_places(watched_box: WatchedBox) -> None:
    with watched_box(max_connections=8) as box, contextlib.ExitStack() as stack:
        greedy = [stack.enter_context(connected_socket(box.service.http_port, "127.0.0.2")) for _ in range(6)]
        answers = [answer_to(connection, HEALTH_AND_STAY)[:12] for connection in greedy]
        assert answers == [b"HTTP/1.1 200"] * 4 + [b""] * 2
        with connected_socket(box.service.http_port) as another:
            assert answer_to(another, HEALTH).startswith(b"HTTP/1.1 200")
        greedy[0].close()
        wait_until(lambda: _may_come_in(box, "127.0.0.2"))


def _may_come_in(box: Box, address: str) -> bool:
    with connected_socket(box.service.http_port, address) as again:
        return answer_to(again, HEALTH).startswith(b"HTTP/1.1 200")


def test_an_address_that_connects_without_end_is_let_wait_and_then_refused(watched_box: WatchedBox) -> None:
    with watched_box(max_connects_per_s=1.0) as box, contextlib.ExitStack() as stack:
        flood = [stack.enter_context(connected_socket(box.service.http_port, "127.0.0.2")) for _ in range(20)]
        answers = [answer_to(connection, HEALTH) for connection in flood]
        # Two at once, and then one a second, as long as anyone would have to wait for no more than 3 s.
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers[:3])
        assert answers[-10:] == [b""] * 10
        with connected_socket(box.service.http_port) as another:
            assert answer_to(another, HEALTH).startswith(b"HTTP/1.1 200")


def test_an_address_that_asks_without_end_is_answered_in_turns(watched_box: WatchedBox) -> None:
    with watched_box(max_requests_per_s=4.0) as box, contextlib.ExitStack() as stack:
        flood = [stack.enter_context(connected_socket(box.service.http_port, "127.0.0.2")) for _ in range(4)]
        # What is let through for long polling is not let through for the asking.
        request = HEALTH_AND_STAY.replace(b"/healthz", f"/healthz?sid={_polling_sid(box)}".encode())
        began_s = time.monotonic()
        for connection in flood:
            connection.sendall(request * 4)
        with connected_socket(box.service.http_port) as another:
            assert answer_to(another, HEALTH).startswith(b"HTTP/1.1 200")
        # Eight at once, and then four a second.
        assert time.monotonic() - began_s < 2.0
        for connection in flood:
            _read_answers(connection, 4)
        assert time.monotonic() - began_s >= 2.0


def test_polls_of_a_stranger_are_requests_like_any_other(watched_box: WatchedBox) -> None:
    with watched_box(max_requests_per_s=4.0) as box, contextlib.ExitStack() as stack:
        flood = [stack.enter_context(connected_socket(box.service.http_port, "127.0.0.2")) for _ in range(4)]
        path = f"/socket.io/?EIO=4&transport=polling&sid={_polling_sid(box)}"
        request = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3".encode()
        began_s = time.monotonic()
        for connection in flood:
            connection.sendall(request * 4)
        for connection in flood:
            _read_answers(connection, 4, b"OK")
        # Eight at once, and then four a second.
        assert time.monotonic() - began_s >= 2.0


def test_large_posted_bodies_wait_for_a_place_and_hear_when_there_is_none(watched_box: WatchedBox) -> None:
    with watched_box(max_clips=1, upload_wait_s=0.2) as box:
        first, second = (Poller(box).join(box.token()) for _ in range(2))
        with connected_socket(box.service.http_port) as connection:
            head = f"POST /socket.io/?EIO=4&transport=polling&sid={first.sid} HTTP/1.1\r\nHost: x\r\n"
            connection.sendall(f"{head}Content-Length: 300000\r\n\r\n3".encode())
            wait_until(lambda: second.post(b"b" + b"A" * 300_000) == 503)
        # Who held the place has gone.
        wait_until(lambda: second.post(b"b" + b"A" * 300_000) == 200)


def _polling_sid(box: Box) -> str:
    with urllib.request.urlopen(f"{box.url}/socket.io/?EIO=4&transport=polling", timeout=PATIENCE_S) as answer:
        return str(json.loads(answer.read()[1:])["sid"])


def _read_answers(connection: socket.socket, count: int, end: bytes = b"}\n") -> None:
    read = b""
    while read.count(b"HTTP/1.1 200") < count or not read.endswith(end):
        block = connection.recv(65536)
        assert block
        read += block


def test_a_flood_of_packets_is_dropped_and_told(watched_box: WatchedBox) -> None:
    count, most = 200, 8
    with watched_box(max_backlog_packets=most) as box, started(box) as client:
        packets = (encode_packet(AudioPacket(KIND_AUDIO, 0, number, 0, bytes(640))) for number in range(count))
        # In one piece: the box takes 16 of them before it looks at the engine again.
        client.websocket.sock.sendall(b"".join(masked(BINARY, encode_audio(packet)) for packet in packets))
        assert client.receive_event("notice")["code"] == "overrun"
        summary = client.call("stream.end", {})
        assert summary["ok"]
        assert summary["packets_in"] + summary["dropped_packets"] == count
        assert most <= summary["packets_in"] < count
