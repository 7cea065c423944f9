"""Clients that do not take what the box sends: the oldest audio goes first, then they are told and parted from."""

import contextlib
import itertools
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from edge_server.transport.packets import (
    KIND_SILENCE,
    AudioPacket,
    silent_packets,
)
from edge_server.transport.socketio_packet import JOBS_NAMESPACE, NAMESPACE
from tests.raw_client import CONNECT, DISCONNECT, EVENT, RawClient
from tests.running_box import Box, running_box, wait_until
from tests.transport.poller import Poller, audio_event
from tests.transport.talkers import PlainTalker, RawTalker, SocketIoTalker, Talker, UpgradedTalker

MAX_WAITING = 64
FAREWELL_MESSAGES = 8
PING = "x" * 125
REJOINS = 300


@pytest.fixture
def box(tiny_model_path: Path, tmp_path: Path) -> Iterator[Box]:
    """A box that lets little wait for a client, and takes from it whatever comes."""
    with running_box(tiny_model_path, tmp_path, max_outbound_packets=MAX_WAITING, max_backlog_packets=1000) as running:
        # Inherited by its connections: what the kernel takes does not wait in the box.
        running.service._servers[0].socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield running


def cut_connections(box: Box) -> float:
    return float(box.service.metrics.cut_connections._value.get())


def talk_without_reading(box: Box, talker: Talker) -> None:
    """Say as much as is answered, until the box has had enough."""
    for number in itertools.count():
        talker.say(number)
        wait_until(lambda number=number: cut_connections(box) or box.service.metrics.audio.packets_out > number - 10)
        if cut_connections(box):
            return


def heard_until_text(talker: Talker) -> tuple[list[int], dict[str, Any]]:
    numbers: list[int] = []
    while isinstance(heard := talker.hear(), AudioPacket):
        numbers.append(heard.sequence)
    return numbers, heard


@pytest.mark.parametrize("kind", [SocketIoTalker, RawTalker])
def test_who_stops_reading_loses_the_oldest_then_hears_why_and_may_come_back(
    box: Box, kind: Callable[[Box], Talker]
) -> None:
    talker = kind(box)
    started = talker.start()
    talk_without_reading(box, talker)
    numbers, goodbye = heard_until_text(talker)
    assert (goodbye["event"], goodbye["code"]) == ("goodbye", "client_too_slow")
    # What was under way is there, then the oldest of what waited are missing, and the newest are there again.
    [first_missing] = [number for number, following in itertools.pairwise(numbers) if following != number + 1]
    newest = numbers[numbers.index(first_missing) + 1 :]
    # What says goodbye needs room, too.
    assert numbers[0] == 0
    assert MAX_WAITING <= newest[0] - first_missing - 1 < MAX_WAITING + FAREWELL_MESSAGES
    assert len(newest) >= MAX_WAITING - FAREWELL_MESSAGES
    assert box.service.metrics.audio.unsent_packets == newest[0] - first_missing - 1

    wait_until(lambda: box.service._resume_desk.parked == 1)
    again = kind(box)
    fields = {
        "stream_id": started["stream_id"],
        "key": started["resume"]["key"],
        "next_answer": first_missing + 1,
    }
    resumed = again.resume(fields)
    following = resumed["next_sequence"]
    silence = again.hear()
    assert isinstance(silence, AudioPacket)
    assert (silence.kind, silence.sequence) == (KIND_SILENCE, first_missing + 1)
    again.say(following)
    answers = [again.hear()]
    # What the box still had in work when the client came back is answered first.
    while not (isinstance(answers[-1], AudioPacket) and answers[-1].sequence == following):
        answers.append(again.hear())
    begun = first_missing + 1 + silent_packets(silence)
    assert [answer.sequence for answer in answers if isinstance(answer, AudioPacket)] == list(
        range(begun, following + 1)
    )
    assert cut_connections(box) == 1


def test_who_does_not_read_hears_it_wherever_it_has_joined(box: Box) -> None:
    client = RawClient(box)
    client.join(box.token())
    client.send({"type": CONNECT, "nsp": JOBS_NAMESPACE, "data": {"token": box.token()}})
    assert client.receive()["type"] == CONNECT
    while not cut_connections(box):
        client.websocket.ping(PING)
    told = [client.receive(), client.receive()]
    assert {packet["nsp"] for packet in told} == {NAMESPACE, JOBS_NAMESPACE}
    assert {(packet["data"][0], packet["data"][1]["code"]) for packet in told} == {("goodbye", "client_too_slow")}
    assert cut_connections(box) == 1


@pytest.mark.parametrize("kind", [SocketIoTalker, UpgradedTalker, RawTalker])
def test_what_a_slow_client_does_not_get_is_counted_in_its_summary(box: Box, kind: Callable[[Box], Talker]) -> None:
    talker, audio = kind(box), box.service.metrics.audio
    talker.start()
    lost_at_least = 5
    for number in itertools.count():
        talker.say(number)
        wait_until(lambda number=number: audio.packets_out > number - 10)
        if audio.unsent_packets >= lost_at_least:
            break
    heard: list[int] = []
    # The newest is never dropped, so all that was not dropped has come then.
    while not heard or heard[-1] < number:
        packet = talker.hear()
        assert isinstance(packet, AudioPacket)
        heard.append(packet.sequence)
    unsent = audio.unsent_packets
    assert unsent == number + 1 - len(heard) >= lost_at_least
    talker.ask_end()
    tail, summary = heard_until_text(talker)
    assert summary["unsent_packets"] == audio.unsent_packets == unsent
    assert len(heard) + len(tail) == summary["packets_out"] - unsent
    assert cut_connections(box) == 0


def test_what_a_poller_does_not_fetch_is_counted(tiny_model_path: Path, tmp_path: Path) -> None:
    waiting = 8
    with running_box(tiny_model_path, tmp_path, max_outbound_packets=waiting, ping_interval_s=600) as box:
        poller, audio = Poller(box).join(box.token()), box.service.metrics.audio
        poller.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        for first in range(0, 39, 13):
            for number in range(first, first + 13):
                assert poller.send(audio_event(number, bytes(640))) == 200
            wait_until(lambda first=first: audio.packets_out == first + 13)
            assert len(poller.receive()) == waiting
        assert audio.unsent_packets == 15
        assert poller.call("stream.end", {})["unsent_packets"] == 15
        # Of the next stream, what still waits when its client is parted from will never be fetched either.
        poller.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        before = audio.packets_out
        for number in range(1000):
            poller.send(audio_event(number, bytes(640)))
            if cut_connections(box):
                break
        wait_until(lambda: not box.service._audio.clients)
        assert audio.unsent_packets - 15 == 2 * waiting <= audio.packets_out - before


def ask(talker: Talker) -> None:
    talker.ask()


def goodbyes_until_the_end(client: RawClient) -> list[tuple[str, str]]:
    """The namespace and the code of every goodbye."""
    told: list[tuple[str, str]] = []
    with contextlib.suppress(ConnectionError, websocket.WebSocketException):
        while True:
            packet = client.receive()
            if packet["type"] == EVENT and packet["data"][0] == "goodbye":
                told.append((packet["nsp"], packet["data"][1]["code"]))
    return told


@pytest.mark.parametrize("stays", [True, False])
def test_who_leaves_and_joins_again_and_again_is_kept_once_for_each_namespace(box: Box, stays: bool) -> None:
    client, token = RawClient(box), box.token()
    client.send({"type": CONNECT, "nsp": JOBS_NAMESPACE, "data": {"token": token}})
    assert client.receive()["type"] == CONNECT
    for _ in range(REJOINS):
        assert client.join(token)["type"] == CONNECT
        client.send({"type": DISCONNECT, "nsp": NAMESPACE})
    if stays:
        assert client.join(token)["type"] == CONNECT
    joined = {JOBS_NAMESPACE, NAMESPACE} if stays else {JOBS_NAMESPACE}
    wait_until(lambda: set(box.service.socketio.server.eio.sockets[client.sid].session["links"]) == joined)
    while not cut_connections(box):
        client.websocket.ping(PING)
    assert sorted(goodbyes_until_the_end(client)) == [(namespace, "client_too_slow") for namespace in sorted(joined)]
    assert cut_connections(box) == 1


def ping(talker: Talker) -> None:
    talker.connection.ping(PING)


@pytest.mark.parametrize("flood", [ask, ping])
@pytest.mark.parametrize("kind", [PlainTalker, RawTalker])
def test_who_does_not_read_answers_or_pongs_hears_why_it_is_parted_from(
    box: Box, kind: Callable[[Box], Talker], flood: Callable[[Talker], None]
) -> None:
    talker = kind(box)
    talker.start()
    while not cut_connections(box):
        flood(talker)
        # Not as fast as it can: its kernel would wait for seconds between two tries to get rid of what it has sent.
        time.sleep(0.002)
    while (heard := talker.hear())["event"] == "stream.set":  # type: ignore[index]
        pass
    assert (heard["event"], heard["code"]) == ("goodbye", "client_too_slow")  # type: ignore[index]
    wait_until(lambda: box.service._resume_desk.parked == 1)
    assert cut_connections(box) == 1
