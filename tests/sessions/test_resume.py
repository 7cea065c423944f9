"""A stream whose connection breaks, without sockets: an engine that is driven by hand, a clock that is told."""

import numpy as np
import pytest

from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import BadRequestError, ResumeFailedError, SequenceWrongError
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.resume_desk import ResumeDesk
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import FLAG_GAP, KIND_AUDIO, KIND_SILENCE, AudioPacket, silent_packets
from tests.engine.driving import ManualClock
from tests.sessions.test_live_voice import Listener

GRACE_S = 15.0


class Bench:
    """An engine without a thread, a desk, and one voice on them."""

    def __init__(self, model: ModelFile, rate_hz: int = 16000) -> None:
        self.clock = ManualClock()
        self.engine = Engine(model, EngineConfig(max_streams=1), lambda: None, self.clock)
        self.pump = Pump(self.engine)
        self.expired: list[LiveVoice] = []
        self.desk = ResumeDesk(GRACE_S, self.clock, self._expire)
        self.packet_samples = rate_hz // 50
        context = VoiceContext(self.pump, StreamLimits(50, 1.0, GRACE_S + 1.0), 1.0, self.clock)
        self.heard = Listener()
        request = VoiceRequest(model.facts.geometry(rate_hz), self.packet_samples, None)
        self.voice = LiveVoice(context, request, self.heard)
        self.let_go: list[str] = []
        self.entry = self.desk.offer(self.voice, lambda: self.let_go.append("first"))

    def speak(self, *sequences: int) -> None:
        """Send these packets and let the engine run after each."""
        for sequence in sequences:
            samples = np.random.default_rng(sequence).integers(-9000, 9000, self.packet_samples).astype("<i2")
            self.voice.accept(AudioPacket(KIND_AUDIO, 0, sequence, 0, samples.tobytes()))
            self.run()

    def run(self) -> None:
        self.engine.run_inline()
        self.pump.drain()

    def come_back(self, next_answer: int) -> Listener:
        """Resume over another connection."""
        entry = self.desk.resume(self.voice.stream_id, self.entry.key, lambda: self.let_go.append("second"))
        silence = entry.voice.stream.resume(next_answer)
        again = Listener()
        entry.voice.adopt(again, silence)
        return again

    def _expire(self, voice: LiveVoice) -> None:
        self.expired.append(voice)
        voice.close()


@pytest.fixture
def bench(tiny_model: ModelFile) -> Bench:
    return Bench(tiny_model)


def numbers(listener: Listener) -> list[int]:
    """Give the numbers of all answers, a silence counting as the packets that it stands for."""
    found: list[int] = []
    for packet in listener.packets:
        count = silent_packets(packet) if packet.kind == KIND_SILENCE else 1
        found += range(packet.sequence, packet.sequence + count)
    return found


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100, 48000])
def test_a_long_break_is_one_silence_and_the_numbers_have_no_gap(tiny_model: ModelFile, rate_hz: int) -> None:
    bench = Bench(tiny_model, rate_hz)
    bench.speak(*range(20))
    bench.desk.park(bench.entry)
    bench.clock.now_s += 10
    again = bench.come_back(18)
    bench.speak(*range(520, 540))
    assert numbers(bench.heard) == list(range(20))
    assert numbers(again) == list(range(18, 540))
    assert [packet.kind for packet in again.packets[:3]] == [KIND_SILENCE, KIND_SILENCE, KIND_AUDIO]
    assert [packet.flags for packet in again.packets[:4]] == [FLAG_GAP, FLAG_GAP, FLAG_GAP, 0]
    finished: list[bool] = []
    bench.voice.finish(lambda: finished.append(True))
    bench.run()
    assert finished == [True]
    summary = bench.voice.stream.summary()
    assert summary["lost_packets"] == 500
    assert summary["samples_in"] == 540 * bench.packet_samples
    assert summary["samples_out"] == 540 * bench.packet_samples + bench.voice.stream.delay_samples


def test_a_short_break_is_filled_packet_by_packet(bench: Bench) -> None:
    bench.speak(*range(10))
    bench.desk.park(bench.entry)
    again = bench.come_back(10)
    bench.speak(40)
    assert numbers(again) == list(range(10, 41))
    assert {packet.kind for packet in again.packets} == {KIND_AUDIO}
    assert again.packets[-1].flags == FLAG_GAP


def test_the_models_state_is_kept(tiny_model: ModelFile) -> None:
    # What the model has learnt of the noise shapes what comes out after the break: a new stream sounds different.
    resumed, fresh = Bench(tiny_model), Bench(tiny_model)
    resumed.speak(*range(40))
    resumed.desk.park(resumed.entry)
    again = resumed.come_back(40)
    resumed.speak(*range(300, 310))
    fresh.voice.stream.resume(0)
    fresh.speak(*range(300, 310))
    after = [packet.payload for packet in again.packets if packet.kind == KIND_AUDIO]
    anew = [packet.payload for packet in fresh.heard.packets if packet.kind == KIND_AUDIO]
    assert len(after) == len(anew) == 10
    assert after != anew
    assert np.abs(np.frombuffer(b"".join(after), "<i2")).max() > 100


def test_answers_that_nobody_was_there_for_become_silence(bench: Bench) -> None:
    bench.speak(*range(5))
    bench.voice.accept(AudioPacket(KIND_AUDIO, 0, 5, 0, bytes(640)))
    bench.desk.park(bench.entry)
    bench.run()
    again = bench.come_back(5)
    bench.speak(6, 7)
    assert numbers(again) == [5, 6, 7]
    assert [packet.kind for packet in again.packets] == [KIND_SILENCE, KIND_AUDIO, KIND_AUDIO]
    assert [packet.flags for packet in again.packets] == [FLAG_GAP, FLAG_GAP, 0]


def test_the_answer_behind_a_silence_is_marked_also_when_it_was_under_way(bench: Bench) -> None:
    bench.speak(*range(5))
    bench.voice.accept(AudioPacket(KIND_AUDIO, 0, 5, 0, bytes(640)))
    again = bench.come_back(3)
    bench.speak(6)
    assert numbers(again) == [3, 4, 5, 6]
    assert [packet.flags for packet in again.packets] == [FLAG_GAP, FLAG_GAP, 0]


def test_a_key_that_is_no_text_opens_nothing(bench: Bench) -> None:
    with pytest.raises(ResumeFailedError):
        bench.desk.resume(bench.voice.stream_id, "\ud800", lambda: None)


def test_hops_under_way_at_a_long_break_belong_to_nobody(bench: Bench) -> None:
    bench.speak(*range(5))
    bench.voice.accept(AudioPacket(KIND_AUDIO, 0, 5, 0, bytes(640)))
    again = bench.come_back(5)
    bench.speak(400, 401)
    assert numbers(again) == list(range(5, 402))
    assert bench.voice.stream.drained


def test_a_connection_that_still_has_the_stream_lets_it_go(bench: Bench) -> None:
    bench.speak(0, 1)
    again = bench.come_back(2)
    assert bench.let_go == ["first"]
    bench.speak(2)
    assert numbers(again) == [2]
    bench.come_back(3)
    assert bench.let_go == ["first", "second"]


def test_the_slot_is_free_after_the_grace_time(bench: Bench) -> None:
    bench.desk.park(bench.entry)
    bench.clock.now_s += GRACE_S - 0.1
    bench.desk.sweep()
    assert (bench.desk.parked, bench.expired) == (1, [])
    bench.clock.now_s += 0.1
    bench.desk.sweep()
    bench.run()
    assert (bench.desk.parked, bench.expired) == (0, [bench.voice])
    assert bench.engine.stats().live_streams == 0
    with pytest.raises(ResumeFailedError):
        bench.come_back(0)


def test_who_comes_too_late_finds_nothing_even_before_the_sweep(bench: Bench) -> None:
    bench.desk.park(bench.entry)
    bench.clock.now_s += GRACE_S
    with pytest.raises(ResumeFailedError, match="over"):
        bench.come_back(0)
    assert bench.expired == [bench.voice]


@pytest.mark.parametrize(("stream_id", "key"), [("x", None), (None, "x"), (None, ""), ("", "")])
def test_only_the_key_opens(bench: Bench, stream_id: str | None, key: str | None) -> None:
    bench.desk.park(bench.entry)
    with pytest.raises(ResumeFailedError):
        bench.desk.resume(
            bench.voice.stream_id if stream_id is None else stream_id,
            bench.entry.key if key is None else key,
            lambda: None,
        )
    assert bench.desk.parked == 1


def test_a_stream_that_ended_cannot_be_resumed(bench: Bench) -> None:
    bench.desk.withdraw(bench.entry)
    bench.desk.withdraw(bench.entry)
    with pytest.raises(ResumeFailedError):
        bench.come_back(0)


@pytest.mark.parametrize("next_answer", [-1, 4, 2**32])
def test_nobody_can_have_had_answers_that_were_never_given(bench: Bench, next_answer: int) -> None:
    bench.speak(0, 1, 2)
    with pytest.raises(BadRequestError):
        bench.voice.stream.resume(next_answer)


def test_a_long_gap_is_only_for_the_first_packet_after_a_break(bench: Bench) -> None:
    bench.speak(0)
    with pytest.raises(SequenceWrongError):
        bench.speak(100)
    bench.come_back(1)
    with pytest.raises(SequenceWrongError):
        bench.speak(1 + 50 * 16 + 1)
    bench.speak(100)
    with pytest.raises(SequenceWrongError):
        bench.speak(300)


def test_who_loses_its_connection_again_and_again_is_never_refused(bench: Bench) -> None:
    sequence = 0
    for break_s in (0.98, 0.3, 10.0, 0.98, 0.98, 0.98, 14.9, 0.5, 0.98, 2.0, 0.98, 0.98):
        for _ in range(3):
            bench.speak(sequence)
            sequence += 1
            bench.clock.now_s += 0.02
        bench.desk.park(bench.entry)
        # The microphone runs on, and what it gives is lost.
        bench.clock.now_s += break_s
        answered = bench.voice.stream.next_sequence
        again = bench.come_back(answered)
        sequence += round(break_s / 0.02)
        bench.speak(sequence)
        sequence += 1
        bench.clock.now_s += 0.02
        assert numbers(again) == list(range(answered, sequence))


def test_an_orderly_stop_lets_those_go_who_are_away(bench: Bench) -> None:
    bench.desk.park(bench.entry)
    bench.desk.close()
    assert bench.expired == [bench.voice]
