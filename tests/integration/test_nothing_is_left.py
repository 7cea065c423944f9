"""However sessions come and go, nothing of them stays: no greenlet, thread, descriptor or stream."""

import contextlib
import gc
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import greenlet
import psutil

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
from tests.integration.departures import WAYS
from tests.running_box import Box, running_box, wait_until

ROUNDS = 3
EACH = 2
TOGETHER = 5
SOON: dict[str, Any] = {"resume_s": 2.0, "handshake_timeout_s": 1.0, "ping_interval_s": 2, "ping_timeout_s": 1}
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
