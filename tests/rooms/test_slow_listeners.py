"""A listener who does not read loses the oldest packets; the speaker and the others lose nothing."""

import socket
import threading
from pathlib import Path

import numpy as np
import websocket

from edge_server.audio.pcm import to_s16
from edge_server.client import DenoiseClient
from edge_server.client_stream import RecordingStream
from edge_server.engine.model_file import ModelFile
from edge_server.rooms.voice_queue import VoiceQueue, WireVoice
from edge_server.transport.packets import FLAG_LEFT_OUT, KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from tests.conftest import Voice
from tests.raw_client import CONNECT, EVENT, RawClient
from tests.rooms.people import heard, opened, presence, someone
from tests.running_box import Box, running_box
from tests.transport.poller import Poller

RATE_HZ = 48000
PACKET_SAMPLES = 4800


class SmallWindow(RawClient):
    """A client with a small receive buffer, so that what it does not read piles up at the box soon."""

    def __init__(self, box: Box) -> None:
        self._make = websocket.create_connection
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)]
        websocket.create_connection = lambda *a, **k: self._make(*a, sockopt=options, **k)
        try:
            super().__init__(box)
        finally:
            websocket.create_connection = self._make


def test_a_listener_who_does_not_read_loses_the_oldest_and_the_speaker_nothing(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice
) -> None:
    samples = np.tile(to_s16(noisy_voice(RATE_HZ, 5.0, 72)), 14)
    with (
        running_box(tiny_model.path, tmp_path, room_backlog_packets=50, max_backlog_packets=20) as box,
        SmallWindow(box) as slow,
    ):
        token = box.token()
        with someone(box, token) as host, someone(box) as quick, DenoiseClient(box.url, token) as speaker:
            room_id = opened(host)["room"]["room_id"]
            quick.good("room.join", {"room_id": room_id, "display_name": "Quick"})
            slow.send({"type": CONNECT, "nsp": "/rooms", "data": {"token": box.token()}})
            slow.receive()
            slow.send(
                {
                    "type": EVENT,
                    "nsp": "/rooms",
                    "id": 1,
                    "data": ["room.join", {"room_id": room_id, "display_name": "Slow"}],
                }
            )
            presence(host, lambda members: len(members) == 3)
            started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})
            host.good("room.speak", {"stream_id": started["stream_id"]})
            RecordingStream(speaker, samples, PACKET_SAMPLES, 0.0).send(started)
            summary = speaker.call("stream.end", {})
            own = speaker.wait_for_answers(summary["packets_out"])
            assert summary["dropped_packets"] == summary["late_frames"] == 0
            assert heard(quick, len(own)) == own
            presence(host, lambda members: members[-1]["dropped_packets"] > 0)
            last = host.pushed("room.presence")[-1]["members"]
            assert [member["dropped_packets"] > 0 for member in last] == [False, False, True]
            # Now it reads: what was left out is missing, marked where it is missing, and the rest is whole.
            got: list[AudioPacket] = []
            while not got or got[-1].sequence < own[-1].sequence:
                got.append(decode_answer(slow.receive_event("voice")))
    assert len(got) < len(own)
    by_number = {packet.sequence: packet for packet in own}
    previous = -1
    for packet in got:
        assert packet.payload == by_number[packet.sequence].payload
        assert bool(packet.flags & FLAG_LEFT_OUT) == (packet.sequence != previous + 1)
        previous = packet.sequence


def test_a_poller_that_answers_no_ping_ends_no_voice_but_its_own_connection(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice
) -> None:
    samples = to_s16(noisy_voice(RATE_HZ, 2.0, 73))
    with running_box(tiny_model.path, tmp_path, ping_timeout_s=3) as box:
        token, mute = box.token(), Poller(box)
        with someone(box, token) as host, DenoiseClient(box.url, token) as speaker:
            room_id = opened(host)["room"]["room_id"]
            joining = {"room_id": room_id, "display_name": "Mute"}
            mute.send({"type": CONNECT, "nsp": "/rooms", "data": {"token": box.token()}})
            mute.send({"type": EVENT, "nsp": "/rooms", "id": 1, "data": ["room.join", joining]})
            presence(host, lambda members: len(members) == 2)
            fetching = threading.Thread(target=lambda: list(iter(mute.fetch, [])))
            fetching.start()
            started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": 960})
            host.good("room.speak", {"stream_id": started["stream_id"]})
            # As if it had been asked long ago: the next packet of the voice finds it so, before any look at all connections.
            box.service.socketio.server.eio.sockets[mute.sid].last_ping = 1.0
            RecordingStream(speaker, samples, 960, 20.0).send(started)
            summary = speaker.call("stream.end", {})
            assert (summary["packets_in"], summary["dropped_packets"]) == (100, 0)
            presence(host, lambda members: len(members) == 1)
            fetching.join()
            assert box.service.engine.stats().live_streams == 0


def wire(sequence: int) -> WireVoice:
    packet = encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, b"\x00\x00"))
    return WireVoice(b"before" + packet, 6)


def test_the_oldest_make_way_and_the_next_is_marked_once() -> None:
    queue = VoiceQueue(2)
    for sequence in range(5):
        queue.push(wire(sequence))
    packets = [decode_answer(queue.next()[6:]) for _ in range(len(queue))]
    assert [(packet.sequence, packet.flags) for packet in packets] == [(3, FLAG_LEFT_OUT), (4, 0)]
    assert queue.dropped == 3


def test_what_was_left_out_before_a_pause_is_no_gap() -> None:
    queue = VoiceQueue(1)
    queue.push(wire(0))
    queue.push(wire(1))
    queue.clear()
    queue.push(wire(2))
    assert decode_answer(queue.next()[6:]).flags == 0
