"""Clients that mean harm, or are broken: each is let go, and someone else's audio stays what it was."""

import contextlib
import struct

import msgpack
import pytest
import websocket

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_packet
from tests.raw_client import RawClient
from tests.running_box import Box
from tests.security.sockets import PATIENCE_S, connected_socket

START = {"sample_rate_hz": 16000, "packet_samples": 320}

pytestmark = pytest.mark.usefixtures("bystander")


@pytest.mark.parametrize("message", ["4", '42["audio"]', "4" + "[" * 60_000])
def test_text_where_msgpack_belongs_is_noticed_and_the_session_goes_on(box: Box, message: str) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        client.websocket.send(message)
        assert client.receive_event("notice")["code"] == "bad_request"
        assert client.call("stream.start", START)["ok"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x91" * 3000,
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        msgpack.packb({"type": 5, "nsp": "/audio", "data": ["audio", {"_placeholder": True, "num": 0}]}),
        msgpack.packb({"type": 2, "nsp": "/audio", "data": ["connect", {}, {"token": "x"}]}),
        msgpack.packb({"type": 2, "nsp": "/audio", "data": ["disconnect", "x"]}),
        msgpack.packb({"type": 3, "nsp": "/audio", "id": 1, "data": [1]}),
        msgpack.packb(5),
        msgpack.packb({"nsp": "/audio", "data": ["audio", bytes(652)]}),
    ],
)
def test_a_malformed_packet_is_noticed_and_the_session_goes_on(box: Box, data: bytes) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        client.websocket.send_binary(data)
        assert client.receive_event("notice")["code"] == "bad_request"
        assert client.call("stream.start", START)["ok"]


@pytest.mark.parametrize("namespace", ["/", "/other", "", "/audio/x"])
def test_other_namespaces_do_not_exist(box: Box, namespace: str) -> None:
    with RawClient(box) as client:
        client.send({"type": 0, "nsp": namespace, "data": {"token": box.token()}})
        assert client.receive()["type"] == 4


def test_a_second_connect_on_a_connection_is_refused_and_leaks_no_slot(box: Box) -> None:
    with RawClient(box) as client:
        assert client.join(box.token())["type"] == 0
        assert client.join(box.token())["type"] == 4
        assert client.call("stream.start", START)["ok"]


def test_events_before_the_connect_packet_do_nothing(box: Box) -> None:
    with RawClient(box) as client:
        client.emit("stream.start", START, number=1)
        client.emit("audio", b"x" * 700)
        assert client.join(box.token())["type"] == 0
        assert client.call("stream.set", {"suppression_limit_db": 1})["error"]["code"] == "no_stream"


def test_who_never_shows_a_token_is_cut(box: Box) -> None:
    silent, refused = RawClient(box), RawClient(box)
    refused.join("no token")
    assert silent.closed_by_box()
    assert refused.closed_by_box()


def test_a_large_message_without_a_token_is_not_read(box: Box) -> None:
    client = RawClient(box)
    try:
        client.websocket.send_binary(bytes(box.service.settings.max_message_bytes + 1))
    except OSError:
        return
    assert client.closed_by_box()


@pytest.mark.parametrize("opcode", [0x82, 0x02])
def test_a_frame_that_declares_a_huge_length_is_not_waited_for(box: Box, opcode: int) -> None:
    client = RawClient(box)
    client.join(box.token())
    client.websocket.sock.sendall(struct.pack("!BBQ", opcode, 0x80 | 127, 2**62) + b"mask")
    assert client.closed_by_box()


def test_endless_fragments_are_bounded(box: Box) -> None:
    client = RawClient(box)
    fragment = struct.pack("!BBH", 0x00, 0x80 | 126, 60_000) + b"mask" + bytes(60_000)
    first = b"\x02" + fragment[1:]
    try:
        client.websocket.sock.sendall(first + fragment)
    except OSError:
        return
    assert client.closed_by_box()


def test_a_flood_of_wrong_packets_disturbs_nobody(box: Box) -> None:
    packet = msgpack.packb({"type": 2, "nsp": "/audio", "data": ["audio", b"short"]})
    client = RawClient(box)
    client.join(box.token())
    with contextlib.suppress(OSError):
        for _ in range(3000):
            client.websocket.send_binary(packet)
    told = []
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while True:
            # The last one is the disconnect of Socket.IO, which has no data.
            told += [client.receive().get("data")]
    assert told.pop() is None
    assert told.pop()[1]["code"] == "too_fast"
    # Most of the mistakes were not worth a word.
    assert 0 < len(told) < 100
    assert {event for event, _ in told} == {"notice"}


def test_a_page_of_another_origin_cannot_connect(box: Box) -> None:
    url = box.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    connection = websocket.create_connection(url, origin="https://evil.example", timeout=PATIENCE_S)
    # The upgrade itself is answered; nothing comes through it.
    try:
        assert connection.recv() == ""
    except (websocket.WebSocketException, OSError):
        return


@pytest.mark.parametrize(
    "query", ["?EIO=4&transport=pigeon", "?EIO=3&transport=websocket", "?EIO=3&transport=polling", "?sid=x&EIO=4"]
)
def test_other_transports_and_versions_are_refused(box: Box, query: str) -> None:
    with connected_socket(box.service.http_port) as connection:
        connection.sendall(f"GET /socket.io/{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(65536).split(b" ")[1] == b"400"


def test_a_websocket_elsewhere_is_closed(box: Box) -> None:
    connection = websocket.create_connection(box.url.replace("http", "ws") + "/healthz", timeout=PATIENCE_S)
    assert connection.recv() == ""


def test_audio_after_a_disconnect_packet_does_nothing(box: Box) -> None:
    client = RawClient(box)
    client.join(box.token())
    client.call("stream.start", START)
    client.send({"type": 1, "nsp": "/audio"})
    client.emit("audio", encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(640))))
    assert client.closed_by_box()
