"""The ways in which clients come to a box and go: in order, refused, broken off or forgotten."""

import contextlib
import socket
import ssl
import struct
from typing import Any

import websocket

from edge_server.client_http import BoxHttp, RefusedError
from scripts.raw_client import CLOSE
from tests.integration.test_resume import START, heard, joined, resume_of, say
from tests.raw_client import RawClient
from tests.running_box import Box
from tests.security.sockets import connected_socket
from tests.security.test_hostile_own_boxes import UPGRADE
from tests.transport import test_raw_lane as raw_lane
from tests.transport.poller import Poller, audio_event

PACKETS = 8
PCM = bytes(640) * 2 * PACKETS
FOR_GOOD = {"sample_rate_hz": 16000, "packet_samples": 320}
RESUMABLE = raw_lane.QUERY + "&resumable=1"
RESET = struct.pack("ii", 1, 0)
NONSENSE = "nonsense"


def vanish(connection: websocket.WebSocket) -> None:
    """Leave no more than a reset behind: neither a frame nor an orderly end of the connection."""
    assert connection.sock is not None
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.sock.close()


def talk(client: RawClient, first: int = 0) -> None:
    for sequence in range(first, first + PACKETS):
        say(client, PCM, sequence)
    heard(client, first + PACKETS - 1)


def started(box: Box, request: dict[str, Any] = FOR_GOOD) -> tuple[RawClient, dict[str, Any]]:
    """Give a client that has said something, and what the box said about its stream."""
    client = joined(box)
    answer = client.call("stream.start", request)
    assert answer["ok"]
    talk(client)
    return client, answer


def ends_its_stream(box: Box) -> None:
    client, _ = started(box)
    assert client.call("stream.end", {})["ok"]
    client.websocket.close()


def disconnects(box: Box) -> None:
    client, _ = started(box, START)
    client.send({"type": 1, "nsp": "/audio"})
    client.websocket.close()


def closes(box: Box) -> None:
    client, _ = started(box)
    client.websocket.close()


def vanishes(box: Box) -> None:
    client, _ = started(box)
    vanish(client.websocket)


def vanishes_before_its_token(box: Box) -> None:
    vanish(RawClient(box).websocket)


def is_refused(box: Box) -> None:
    client = RawClient(box)
    assert client.join(NONSENSE)["type"] == 4
    assert client.closed_by_box()
    client.websocket.close()


def resumes_before_the_break_is_noticed(box: Box) -> None:
    first, answer = started(box, START)
    second = joined(box)
    assert second.call("stream.resume", resume_of(answer, PACKETS))["ok"]
    talk(second, PACKETS)
    assert second.call("stream.end", {})["ok"]
    second.websocket.close()
    vanish(first.websocket)


def resumes_and_never_comes_back(box: Box) -> None:
    first, answer = started(box, START)
    vanish(first.websocket)
    second = joined(box)
    assert second.call("stream.resume", resume_of(answer, PACKETS))["ok"]
    talk(second, PACKETS)
    vanish(second.websocket)


def raw(box: Box, query: str = raw_lane.QUERY) -> tuple[websocket.WebSocket, dict[str, Any]]:
    """Give a connection of the raw lane that has said something, and what the box said about its stream."""
    connection = raw_lane.opened(box, query, box.token())
    answer = raw_lane.told(connection, "stream.started")
    raw_talk(connection)
    return connection, answer


def raw_talk(connection: websocket.WebSocket, first: int = 0) -> None:
    for sequence in range(first, first + PACKETS):
        connection.send_binary(raw_lane.packet(PCM, sequence))
    raw_lane.heard(connection, PACKETS)


def raw_ends(connection: websocket.WebSocket) -> None:
    connection.send('{"event": "stream.end"}')
    assert raw_lane.told(connection, "stream.end")["ok"]
    assert connection.recv_data()[0] == CLOSE
    connection.close()


def ends_its_raw_stream(box: Box) -> None:
    connection, _ = raw(box)
    raw_ends(connection)


def vanishes_from_the_raw_lane(box: Box) -> None:
    connection, _ = raw(box)
    vanish(connection)


def vanishes_from_the_raw_lane_over_tls(box: Box) -> None:
    connection = websocket.create_connection(
        f"{box.https_url.replace('http', 'ws')}/ws/v1/audio?{raw_lane.QUERY}",
        header=[f"Authorization: Bearer {box.token()}"],
        sslopt={"cert_reqs": ssl.CERT_NONE},
        timeout=raw_lane.TIMEOUT_S,
    )
    raw_lane.told(connection, "stream.started")
    raw_talk(connection)
    vanish(connection)


def is_refused_by_the_raw_lane(box: Box) -> None:
    connection = raw_lane.opened(box, raw_lane.QUERY, NONSENSE)
    assert raw_lane.told(connection, "goodbye")["code"] == "token_invalid"
    connection.close()


def resumes_on_the_raw_lane(box: Box) -> None:
    first, answer = raw(box, RESUMABLE)
    vanish(first)
    resume = f"stream_id={answer['stream_id']}&key={answer['resume']['key']}&next_answer={PACKETS}"
    second = raw_lane.opened(box, resume, box.token())
    assert raw_lane.told(second, "stream.started")["next_sequence"] == PACKETS
    raw_talk(second, PACKETS)
    raw_ends(second)


def polled(box: Box) -> Poller:
    """Give a poller that has said something."""
    poller = Poller(box).join(box.token())
    assert poller.call("stream.start", FOR_GOOD)["ok"]
    assert poller.send(*(audio_event(number, PCM[:640]) for number in range(PACKETS))) == 200
    count = 0
    while count < PACKETS:
        count += len(poller.receive())
    return poller


def says_goodbye_by_polling(box: Box) -> None:
    assert polled(box).post(b"1") == 200


def polls_no_more(box: Box) -> None:
    polled(box)


def is_refused_by_polling(box: Box) -> None:
    poller = Poller(box).join(NONSENSE)
    assert poller.receive()[0]["type"] == 4


def asks_for_what_is_not_there(box: Box) -> None:
    with contextlib.suppress(RefusedError):
        BoxHttp(box.url, None, False, 10.0).request("GET", "/nothing", None, "text/plain", None)


def resets_while_it_is_upgraded(box: Box) -> None:
    with connected_socket(box.service.http_port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.sendall(UPGRADE)


WAYS = (
    asks_for_what_is_not_there,
    resets_while_it_is_upgraded,
    ends_its_stream,
    disconnects,
    closes,
    vanishes,
    vanishes_before_its_token,
    is_refused,
    resumes_before_the_break_is_noticed,
    resumes_and_never_comes_back,
    ends_its_raw_stream,
    vanishes_from_the_raw_lane,
    vanishes_from_the_raw_lane_over_tls,
    is_refused_by_the_raw_lane,
    resumes_on_the_raw_lane,
    says_goodbye_by_polling,
    polls_no_more,
    is_refused_by_polling,
)
