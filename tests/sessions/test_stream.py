"""One stream with an engine that gives every hop back as it came: what comes out is the delayed input."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_server.audio.geometry import SUPPORTED_RATES_HZ, StreamGeometry
from edge_server.errors import OverrunError, PacketWrongSizeError, SequenceWrongError
from edge_server.sessions.stream import DueHop, Stream
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import FLAG_GAP, FLAG_LATE, KIND_AUDIO, KIND_TAIL, AudioPacket

PACKET_SAMPLES = 320
RATE_HZ = 16000
DEADLINE_S = 0.06


@dataclass
class Talk:
    """A stream, with what it owes to the engine and what it answered."""

    stream: Stream
    now_s: float = 100.0
    owed: list[DueHop] = field(default_factory=list)
    answers: list[AudioPacket] = field(default_factory=list)

    def send(self, sequence: int, payload: bytes | None = None, timestamp_ms: int = 0) -> None:
        """Send one packet."""
        data = bytes(2 * self.stream.packet_samples) if payload is None else payload
        self.owed += self.stream.accept(AudioPacket(KIND_AUDIO, 0, sequence, timestamp_ms, data), self.now_s)
        self.answers += self.stream.answers(self.now_s)

    def run_engine(self, late: bool = False) -> None:
        """Give every hop back."""
        for hop in self.owed:
            self.stream.deliver(hop.samples, late)
        self.owed.clear()
        self.answers += self.stream.answers(self.now_s)

    def end(self) -> None:
        """Flush and take the tail."""
        self.owed += self.stream.flush(self.now_s)
        self.run_engine()
        assert self.stream.drained
        self.answers += self.stream.tail()


def talk(rate_hz: int = RATE_HZ, packet_samples: int = PACKET_SAMPLES, max_backlog_packets: int = 50) -> Talk:
    geometry = StreamGeometry.for_rate(rate_hz, model_rate_hz=16000, window_samples=512, hop_samples=256)
    return Talk(Stream(geometry, packet_samples, StreamLimits(max_backlog_packets, 1.0), DEADLINE_S))


def pcm(samples: int, seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-8000, 8000, samples).astype("<i2")


def received(answers: list[AudioPacket]) -> NDArray[np.int16]:
    return np.frombuffer(b"".join(packet.payload for packet in answers), dtype="<i2")


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
@pytest.mark.parametrize("packet_ms", [5, 20, 100])
def test_every_packet_has_one_answer_and_the_tail_makes_it_whole(rate_hz: int, packet_ms: int) -> None:
    packet_samples = rate_hz * packet_ms // 1000
    it = talk(rate_hz, packet_samples)
    for sequence in range(12):
        it.send(sequence)
        it.run_engine()
        assert len(it.answers) == sequence + 1
    it.end()
    assert [packet.sequence for packet in it.answers] == list(range(len(it.answers)))
    assert all(len(packet.payload) == 2 * packet_samples for packet in it.answers[:12])
    assert {packet.kind for packet in it.answers[12:]} == {KIND_TAIL}
    assert len(received(it.answers)) == 12 * packet_samples + it.stream.delay_samples


def test_the_overlap_of_windows_apart_what_comes_out_is_the_delayed_input() -> None:
    # The engine's own lag of one hop is missing here, so the delay is that much shorter than stated.
    it = talk()
    sent = pcm(20 * PACKET_SAMPLES)
    for sequence, start in enumerate(range(0, len(sent), PACKET_SAMPLES)):
        it.send(sequence, sent[start : start + PACKET_SAMPLES].tobytes())
        it.run_engine()
    lag = it.stream.delay_samples - it.stream.geometry.hop_samples
    assert np.array_equal(received(it.answers)[lag:], sent[: len(sent) - lag])


def test_answers_echo_number_and_timestamp() -> None:
    it = talk()
    for sequence in range(4):
        it.send(sequence, timestamp_ms=1000 + 21 * sequence)
    it.run_engine()
    assert [(p.sequence, p.timestamp_ms) for p in it.answers] == [(0, 1000), (1, 1021), (2, 1042), (3, 1063)]


def test_a_gap_is_filled_with_silence_and_told() -> None:
    it = talk()
    loud = np.full(PACKET_SAMPLES, 9000, "<i2").tobytes()
    it.send(0, loud, timestamp_ms=500)
    it.send(4, loud, timestamp_ms=580)
    it.run_engine()
    assert [packet.sequence for packet in it.answers] == [0, 1, 2, 3, 4]
    assert [packet.timestamp_ms for packet in it.answers] == [500, 520, 540, 560, 580]
    assert [packet.flags for packet in it.answers] == [0, 0, 0, 0, FLAG_GAP]
    out = received(it.answers)
    lag = it.stream.delay_samples - it.stream.geometry.hop_samples
    assert (out[lag : lag + PACKET_SAMPLES] == 9000).all()
    assert (out[lag + PACKET_SAMPLES : lag + 4 * PACKET_SAMPLES] == 0).all()
    assert it.stream.summary()["lost_packets"] == 3
    assert it.stream.summary()["packets_in"] == 2


def test_a_gap_of_more_than_a_second_is_refused() -> None:
    it = talk()
    it.send(0)
    with pytest.raises(SequenceWrongError):
        it.send(52)
    it.send(51)
    assert it.stream.summary()["lost_packets"] == 50


@pytest.mark.parametrize("sequence", [0, 1, 2])
def test_a_repeated_or_older_number_is_refused_and_changes_nothing(sequence: int) -> None:
    it = talk()
    for good in range(3):
        it.send(good)
    with pytest.raises(SequenceWrongError):
        it.send(sequence)
    it.send(3)
    it.run_engine()
    assert [packet.sequence for packet in it.answers] == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [0, 1, 2 * PACKET_SAMPLES - 1, 2 * PACKET_SAMPLES + 2])
def test_a_packet_of_another_size_is_refused(size: int) -> None:
    it = talk()
    with pytest.raises(PacketWrongSizeError, match="320 samples"):
        it.send(0, bytes(size))
    it.send(0)


def test_a_full_backlog_drops_packets_and_goes_on_when_it_has_room() -> None:
    it = talk(packet_samples=1600, max_backlog_packets=3)
    for sequence in range(3):
        it.send(sequence)
    for sequence in (3, 4):
        with pytest.raises(OverrunError):
            it.send(sequence)
    it.run_engine()
    it.send(5)
    it.run_engine()
    assert [packet.sequence for packet in it.answers] == [0, 1, 2, 5]
    assert [packet.flags for packet in it.answers] == [0, 0, 0, 0]
    assert it.stream.summary()["dropped_packets"] == 2


def test_late_frames_are_counted_and_the_packets_that_hold_them_flagged() -> None:
    it = talk()
    it.send(0)
    it.run_engine()
    it.send(1)
    it.run_engine(late=True)
    for sequence in range(2, 6):
        it.send(sequence)
        it.run_engine()
    flags = [packet.flags & FLAG_LATE for packet in it.answers]
    assert any(flags)
    assert flags[0] == 0
    assert flags[-1] == 0
    assert it.stream.summary()["late_frames"] == 1


def test_audio_ahead_of_real_time_is_due_later_than_audio_in_time() -> None:
    in_time, hurried = talk(), talk()
    in_time.send(0)
    assert in_time.owed[-1].due_s == pytest.approx(100.0 + DEADLINE_S)
    for sequence in range(50):
        hurried.send(sequence)
    assert hurried.owed[-1].due_s == pytest.approx(100.0 + 49 * 0.02 + DEADLINE_S)


def test_audio_that_waits_because_the_box_is_slow_is_due_as_ever() -> None:
    it = talk()
    for sequence in range(20):
        it.send(sequence)
        it.now_s += 0.02
    # Nothing was answered; the twentieth packet came in time all the same.
    assert it.owed[-1].due_s == pytest.approx(it.now_s - 0.02 + DEADLINE_S, abs=0.001)


def test_a_fast_microphone_clock_does_not_move_deadlines_away() -> None:
    it = talk()
    for sequence in range(3000):
        it.send(sequence)
        it.run_engine()
        it.now_s += 0.02 / 1.01
    it.send(3000)
    assert it.owed[-1].due_s == pytest.approx(it.now_s + DEADLINE_S)


def test_latency_is_from_arrival_to_answer() -> None:
    it = talk()
    for sequence in range(10):
        it.send(sequence)
        it.now_s += 0.005
        it.run_engine()
    assert it.stream.summary()["latency_ms_p50"] == pytest.approx(5.0, abs=0.1)
