"""However sessions come and go, nothing of them stays: no greenlet, thread, descriptor or stream."""

import contextlib
import gc
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import greenlet
import psutil
import websocket

from edge_server.client_http import BoxHttp, RefusedError
from edge_server.sessions.live_voice import LiveVoice
from edge_server.sessions.session import Session
from edge_server.transport.client import Client
from edge_server.transport.client_link import ClientLink
from edge_server.transport.handler import BoundedHandler
from edge_server.transport.intake import Intake
from edge_server.transport.outbox import Outbox
from edge_server.transport.raw_lane import RawLink
from edge_server.transport.websocket import BoundedWebSocket
from edge_server.transport.wire import Wire
from scripts.raw_client import CLOSE
from tests.integration.test_resume import START, heard, joined, resume_of, say
from tests.raw_client import RawClient
from tests.running_box import Box, running_box, wait_until
from tests.security.sockets import connected_socket
from tests.security.test_hostile_own_boxes import UPGRADE
from tests.transport import test_raw_lane as raw_lane
from tests.transport.poller import Poller, audio_event

ROUNDS = 3
EACH = 2
TOGETHER = 5
PACKETS = 8
PCM = bytes(640) * 2 * PACKETS
FOR_GOOD = {"sample_rate_hz": 16000, "packet_samples": 320}
RESUMABLE = raw_lane.QUERY + "&resumable=1"
RESET = struct.pack("ii", 1, 0)
NONSENSE = "nonsense"
SOON: dict[str, Any] = {"resume_s": 2.0, "handshake_timeout_s": 1.0, "ping_interval_s": 2, "ping_timeout_s": 1}


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


OF_A_CONNECTION = (
    BoundedHandler,
    BoundedWebSocket,
    Intake,
    Outbox,
    Wire,
    Client,
    ClientLink,
    RawLink,
    Session,
    LiveVoice,
)


class Held(NamedTuple):
    """What is held: by the box for its sessions, and by the process. Of greenlets, the names, which a failure shows."""

    connections: int
    clients: int
    streams: int
    parked: int
    greenlets: list[str]
    threads: int
    descriptors: int


def held(box: Box) -> Held:
    service, hub, process = box.service, box.service.stopped.hub, psutil.Process()
    gc.collect()
    # What the loop runs. The greenlets of gevent's pool of threads come and go with these, and say nothing of sessions.
    loops = [it for it in gc.get_objects() if isinstance(it, greenlet.greenlet) and it.parent is hub and not it.dead]
    return Held(
        connections=len(service.socketio.server.eio.sockets),
        clients=len(service._audio.clients) + len(service.connections),
        streams=service.engine.stats().live_streams,
        parked=service._resume_desk.parked,
        greenlets=sorted(map(str, loops)),
        threads=process.num_threads() - hub.threadpool.size,
        descriptors=process.num_fds(),
    )


def alive() -> Counter[str]:
    """Give how many objects there are of what makes up a connection."""
    return Counter(type(it).__name__ for it in gc.get_objects() if isinstance(it, OF_A_CONNECTION))


def come_and_go(box: Box) -> None:
    with ThreadPoolExecutor(TOGETHER) as threads:
        for session in [threads.submit(way, box) for way in WAYS * EACH]:
            session.result()


def wait_for(box: Box, expected: Callable[[Held], bool]) -> Held:
    """Give what is held as soon as it is as expected, or in the end in spite of it."""
    with contextlib.suppress(AssertionError):
        wait_until(lambda: expected(held(box)))
    return held(box)


def test_whoever_comes_and_however_they_go_nothing_of_them_is_left(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, https=True, **SOON) as box:
        come_and_go(box)
        # python-engineio's own, which looks for clients that are silent, begins with the first of them.
        first = wait_for(box, lambda now: now[:4] == (0, 0, 0, 0) and len(now.greenlets) == 1)
        assert first[:4] == (0, 0, 0, 0)
        assert [name for name in first.greenlets if "_service_task" not in name] == []
        for _ in range(ROUNDS - 1):
            come_and_go(box)
        assert wait_for(box, lambda now: now == first) == first


def test_a_connection_that_is_over_is_no_garbage_to_be_collected(tiny_model_path: Path, tmp_path: Path) -> None:
    # A collection of what a flood of connections has left stopped everybody's audio for up to 90 ms.
    with running_box(tiny_model_path, tmp_path, https=True, **SOON) as box:
        gc.collect()
        gc.disable()
        try:
            before = alive()
            for way in WAYS:
                way(box)
            with contextlib.suppress(AssertionError):
                wait_until(lambda: alive() <= before)
            assert alive() - before == Counter()
        finally:
            gc.enable()
