"""The load generator: what it measures, counts and compares, and that its talkers break off and go on."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, silence
from scripts import bench_load
from scripts.bench_dialects import TALKERS
from scripts.bench_load import Crowd, Load, run
from scripts.bench_sessions import Speech, speech
from scripts.bench_stream_talkers import Questions
from scripts.bench_voice import Voice
from scripts.bench_wire import Wire
from tests.running_box import Box, running_box

RATE_HZ, PACKET = 16000, 320
PACKET_BYTES = 2 * PACKET
WARM_UP_PACKETS, MEASURED_PACKETS = 25, 30
PACKETS_OF_A_VOICE = WARM_UP_PACKETS + MEASURED_PACKETS
CLIP = bytes(range(256)) * 150
SLOW, SILENT, WRONG = "slow", "silent", "wrong"
SETTLE_S = 1.0


class PairedWire(Wire):
    """A connection to nobody but the one who has it."""

    def __init__(self) -> None:
        self.socket, self.far = socket.socketpair()


class Echo:
    """A talker that hears what it says, at once and without a delay; its token says otherwise."""

    delay_samples = 0

    def __init__(
        self, port: int, tls: bool, token: str, rate_hz: int, packet_samples: int, questions: Questions
    ) -> None:
        self._token = token
        self.wire = PairedWire()
        self.wires: list[Wire] = [self.wire]
        self.waiting: list[AudioPacket] = []

    def speak(self, sequence: int, payload: bytes) -> None:
        answer = payload[::-1] if self._token == WRONG else payload
        self.waiting.append(AudioPacket(KIND_AUDIO, 0, sequence, 0, answer))
        is_withheld = self._token == SILENT or (self._token == SLOW and sequence < WARM_UP_PACKETS)
        if not is_withheld:
            self.wire.far.send(b"!")

    def hear(self, wire: Wire) -> list[AudioPacket]:
        answers, self.waiting = self.waiting, []
        wire.socket.recv(1 << 16)
        return answers

    def leave(self) -> int:
        self.wire.socket.close()
        self.wire.far.close()
        return 0


@pytest.fixture
def echo() -> Iterator[Echo]:
    talker = Echo(0, False, "", RATE_HZ, PACKET, Questions())
    yield talker
    talker.leave()


def voice_of(talker: Echo) -> Voice:
    chunks = [CLIP[at : at + PACKET_BYTES] for at in range(0, len(CLIP), PACKET_BYTES)]
    return Voice(talker, chunks, CLIP, PACKET_BYTES)


def say(voice: Voice, packets: int) -> None:
    for _ in range(packets):
        voice.speak(0.0)


def test_what_was_said_to_warm_up_is_answered_and_not_measured(echo: Echo) -> None:
    voice = voice_of(echo)
    say(voice, 3)
    voice.hear(echo.wire)
    assert (len(voice.latencies_s), voice.unanswered_packets) == (3, 0)
    say(voice, 2)
    voice.begin_to_measure()
    assert (len(voice.latencies_s), voice.unanswered_packets) == (0, 2)
    say(voice, 4)
    voice.hear(echo.wire)
    assert (len(voice.latencies_s), voice.unanswered_packets, voice.answered_packets) == (4, 0, 9)
    assert voice.audio_ok


@pytest.mark.parametrize(("heard", "audio_ok"), [(CLIP[:PACKET_BYTES], True), (CLIP[1 : PACKET_BYTES + 1], False)])
def test_audio_is_ok_only_where_some_was_compared(echo: Echo, heard: bytes, audio_ok: bool) -> None:
    echo.delay_samples = PACKET
    voice = voice_of(echo)
    assert not voice.audio_ok
    say(voice, 1)
    voice.hear(echo.wire)
    # What comes before the delay has passed is nobody's.
    assert (voice.compared_packets, voice.audio_ok) == (0, False)
    say(voice, 1)
    echo.waiting = [AudioPacket(KIND_AUDIO, 0, 1, 0, heard)]
    voice.hear(echo.wire)
    assert (voice.compared_packets, voice.audio_ok) == (1, audio_ok)


@pytest.mark.parametrize(("late_frames_told", "sounds_wrong"), [(0, True), (1, False)])
def test_what_sounds_wrong_may_be_late_in_an_answer_that_a_break_has_lost(
    echo: Echo, late_frames_told: int, sounds_wrong: bool
) -> None:
    voice = voice_of(echo)
    say(voice, 1)
    echo.waiting = [AudioPacket(KIND_AUDIO, 0, 0, 0, CLIP[1 : PACKET_BYTES + 1])]
    voice.hear(echo.wire)
    voice.late_frames_told = late_frames_told
    assert voice.sounds_wrong is sounds_wrong


def test_a_silence_answers_as_many_as_it_stands_for_and_is_not_heard(echo: Echo) -> None:
    voice = voice_of(echo)
    say(voice, 5)
    echo.waiting = [silence(0, 4)]
    voice.hear(echo.wire)
    assert (voice.answered_packets, voice.unanswered_packets, voice.next_answer) == (4, 1, 4)
    assert (voice.latencies_s, voice.audio_ok) == ([], False)


def test_what_was_lost_with_a_connection_is_said_again(echo: Echo) -> None:
    voice = voice_of(echo)
    say(voice, 5)
    echo.waiting.clear()
    voice.say_again(3)
    assert [(packet.sequence, packet.payload) for packet in echo.waiting] == [
        (number, CLIP[number * PACKET_BYTES : (number + 1) * PACKET_BYTES]) for number in (3, 4)
    ]
    assert voice.unanswered_packets == 5


def load_of(tokens: list[str], said: Speech, dialect: str, port: int = 0) -> Load:
    return Load(
        port=port,
        server_pid=os.getpid(),
        tokens=tokens,
        dialect=dialect,
        tls=False,
        sessions=2,
        sample_rate_hz=RATE_HZ,
        packet_samples=PACKET,
        seconds=MEASURED_PACKETS * PACKET / RATE_HZ,
        clips=said.clips,
        expected=said.expected,
    )


@pytest.mark.parametrize(
    ("tokens", "unanswered", "audio_ok"),
    [
        ([""], 0, True),
        ([SLOW, ""], 0, True),
        ([WRONG], 0, False),
        (["", WRONG], 0, False),
        ([SILENT], 2 * PACKETS_OF_A_VOICE, False),
        (["", SILENT], PACKETS_OF_A_VOICE, False),
    ],
)
def test_every_packet_and_every_voice_counts_and_the_warm_up_is_no_latency(
    monkeypatch: pytest.MonkeyPatch, tokens: list[str], unanswered: int, audio_ok: bool
) -> None:
    monkeypatch.setattr(bench_load, "SETTLE_S", SETTLE_S)
    monkeypatch.setitem(TALKERS, "echo", Echo)
    report = run(load_of(tokens, Speech(RATE_HZ, [CLIP * 2], [CLIP * 2]), "echo"))
    assert (report["sent"], report["unanswered"]) == (2 * PACKETS_OF_A_VOICE, unanswered)
    assert report["audio_ok"] is audio_ok
    # Who is slow at first answers the warm-up when nobody waits for it any more.
    assert report["latency_p99_ms"] < 1000 * SETTLE_S


@pytest.mark.parametrize(("sessions", "session_kb"), [(1, None), (2, 70.0), (5, 70.0), (6, 70.0)])
def test_memory_of_a_session_is_told_apart_from_that_of_speaking_at_once(
    monkeypatch: pytest.MonkeyPatch, sessions: int, session_kb: float | None
) -> None:
    most_at_once = 0
    speak_for = Crowd._speak_for

    def noted(crowd: Crowd, seconds: float, voices: list[Voice]) -> None:
        nonlocal most_at_once
        most_at_once = max(most_at_once, len(voices))
        speak_for(crowd, PACKET / RATE_HZ, voices)

    def rss_bytes(crowd: Crowd) -> int:
        return 150_000_000 + 70_000 * len(crowd.voices) + 1_000_000 * most_at_once

    monkeypatch.setattr(Crowd, "_speak_for", noted)
    monkeypatch.setattr(Crowd, "_rss_bytes", rss_bytes)
    monkeypatch.setitem(TALKERS, "echo", Echo)
    report = run(replace(load_of([""], Speech(RATE_HZ, [CLIP], []), "echo"), sessions=sessions))
    assert (report["session_kb"], report["beside_mb"]) == (session_kb, None if session_kb is None else sessions)


def test_where_nothing_is_expected_audio_is_neither_ok_nor_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_load, "SETTLE_S", 0.0)
    monkeypatch.setitem(TALKERS, "echo", Echo)
    assert run(load_of([SILENT], Speech(RATE_HZ, [CLIP * 2], []), "echo"))["audio_ok"] is None


@pytest.mark.parametrize("dialect", ["socketio, breaking", "raw, breaking"])
def test_who_breaks_off_goes_on_hears_what_it_has_to_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tiny_model_path: Path, tmp_path: Path, dialect: str
) -> None:
    said_before: list[int] = []
    break_off = Crowd._break_off

    def noted(crowd: Crowd, voice: Voice) -> None:
        said, wires = len(voice.due_at_s), voice.talker.wires
        break_off(crowd, voice)
        if voice.talker.wires is not wires:
            said_before.append(said)

    monkeypatch.setattr(Crowd, "_break_off", noted)
    with running_box(tiny_model_path, tmp_path) as box:
        crowd = Crowd(load_of([box.token()], speech(tiny_model_path, 2.0), dialect, box.service.http_port or 0))
        crowd.speak()
        # They have said goodbye, so that their places are not kept for them.
        assert left_in(box) == (0, 0)
        for voice in crowd.voices:
            voice.talker.wires[0].socket.close()
    # Each of them did in the middle of its warm-up, and one after a third of the rest.
    assert said_before == [WARM_UP_PACKETS // 2] * 2 + [WARM_UP_PACKETS + MEASURED_PACKETS // 3]
    counted = [(voice.unanswered_packets, voice.late_packets, voice.late_frames_told) for voice in crowd.voices]
    assert counted == [(0, 0, 0)] * 2
    assert all(voice.audio_ok for voice in crowd.voices)


def left_in(box: Box) -> tuple[int, int]:
    return box.service.engine.stats().live_streams, box.service._resume_desk.parked
