"""A voice with a real engine that is driven by hand."""

import numpy as np
import pytest

from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import BadRequestError, EngineFailedError, OverloadedError, TooManyStreamsError
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import FLAG_LATE, KIND_AUDIO, KIND_TAIL, AudioPacket
from tests.engine.driving import ManualClock


class Listener:
    """What a client would have received."""

    def __init__(self) -> None:
        self.packets: list[AudioPacket] = []
        self.failures: list[EngineFailedError] = []
        self.warnings: list[OverloadedError] = []

    def answer(self, packet: AudioPacket) -> None:
        self.packets.append(packet)

    def overloaded(self, error: OverloadedError) -> None:
        self.warnings.append(error)

    def engine_failed(self, error: EngineFailedError) -> None:
        self.failures.append(error)


class Bench:
    """An engine without a thread, and voices on it."""

    def __init__(self, model: ModelFile, max_streams: int = 2) -> None:
        self.engine = Engine(model, EngineConfig(max_streams=max_streams), lambda: None, lambda: 0.0)
        self.pump = Pump(self.engine)
        self.context = VoiceContext(self.pump, StreamLimits(50, 1.0), 1.0, lambda: 0.0)
        self.model = model

    def voice(self, listener: Listener, packet_samples: int = 320) -> LiveVoice:
        return LiveVoice(self.context, VoiceRequest(self.model.facts.geometry(16000), packet_samples, None), listener)

    def run(self) -> None:
        self.engine.run_inline()
        self.pump.drain()


def packet(sequence: int, seed: int = 0) -> AudioPacket:
    samples = np.random.default_rng([seed, sequence]).integers(-9000, 9000, 320).astype("<i2")
    return AudioPacket(KIND_AUDIO, 0, sequence, 0, samples.tobytes())


@pytest.fixture
def bench(tiny_model: ModelFile) -> Bench:
    return Bench(tiny_model)


def test_a_voice_answers_and_ends_with_its_tail(bench: Bench) -> None:
    listener = Listener()
    voice = bench.voice(listener)
    for sequence in range(10):
        voice.accept(packet(sequence))
        bench.run()
    assert [p.sequence for p in listener.packets] == list(range(10))
    finished: list[bool] = []
    voice.finish(lambda: finished.append(True))
    assert finished == []
    bench.run()
    assert finished == [True]
    assert listener.packets[-1].kind == KIND_TAIL
    assert sum(len(p.payload) for p in listener.packets) == 2 * (3200 + voice.stream.delay_samples)


def test_two_voices_in_one_batch_sound_as_alone(bench: Bench, tiny_model: ModelFile) -> None:
    together = [Listener(), Listener()]
    voices = [bench.voice(listener) for listener in together]
    for sequence in range(20):
        for seed, voice in enumerate(voices):
            voice.accept(packet(sequence, seed))
        bench.run()
    assert bench.engine.stats().batch_sizes[2] > 0
    for seed, listener in enumerate(together):
        alone, alone_bench = Listener(), Bench(tiny_model)
        voice = alone_bench.voice(alone)
        for sequence in range(20):
            voice.accept(packet(sequence, seed))
            alone_bench.run()
        assert alone.packets == listener.packets


def test_a_closed_voice_frees_its_slot_and_hears_nothing_more(bench: Bench) -> None:
    listeners = [Listener(), Listener()]
    voices = [bench.voice(listener) for listener in listeners]
    with pytest.raises(TooManyStreamsError):
        bench.voice(Listener())
    voices[0].accept(packet(0))
    voices[0].close()
    voices[0].close()
    bench.run()
    assert listeners[0].packets == []
    bench.voice(Listener())


def test_every_voice_hears_that_the_engine_died(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    listeners = [Listener(), Listener()]
    for listener in listeners:
        bench.voice(listener)

    def dead() -> None:
        raise EngineFailedError("dead")

    monkeypatch.setattr(bench.engine, "drain", dead)
    bench.pump.drain()
    assert [failure.message for listener in listeners for failure in listener.failures] == ["dead", "dead"]


def test_a_voice_that_breaks_is_told_and_disturbs_no_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, good = Listener(), Listener()
    voices = [bench.voice(broken), bench.voice(good)]

    def defect(packet: AudioPacket) -> None:
        raise RuntimeError("a defect of one listener")

    monkeypatch.setattr(broken, "answer", defect)
    for voice in voices:
        voice.accept(packet(0))
    bench.run()
    assert len(broken.failures) == 1
    assert [p.sequence for p in good.packets] == [0]
    voices[1].accept(packet(1))
    bench.run()
    assert len(broken.failures) == 1
    assert [p.sequence for p in good.packets] == [0, 1]


@pytest.mark.parametrize("packet_samples", [0, -320, 79, 1601])
def test_a_packet_is_five_to_a_hundred_milliseconds(bench: Bench, packet_samples: int) -> None:
    with pytest.raises(BadRequestError, match="packet_samples"):
        bench.voice(Listener(), packet_samples)


@pytest.mark.parametrize("packet_samples", [80, 1600])
def test_five_and_a_hundred_milliseconds_are_fine(bench: Bench, packet_samples: int) -> None:
    assert bench.voice(Listener(), packet_samples).stream.packet_samples == packet_samples


def test_late_audio_is_dry_and_told_and_leaves_no_delay_behind(tiny_model: ModelFile) -> None:
    clock = ManualClock()
    engine = Engine(tiny_model, EngineConfig(), lambda: None, clock)
    context = VoiceContext(Pump(engine), StreamLimits(50, 1.0), 0.06, clock)
    listener = Listener()
    voice = LiveVoice(context, VoiceRequest(tiny_model.facts.geometry(16000), 320, None), listener)
    for sequence in range(60):
        voice.accept(packet(sequence))
        clock.now_s += 0.02
        # From the twentieth packet on the engine stands still for 200 ms.
        if not 20 <= sequence < 30:
            engine.run_inline()
            context.pump.drain()
    assert [p.sequence for p in listener.packets] == list(range(60))
    late = [p.sequence for p in listener.packets if p.flags & FLAG_LATE]
    assert late
    assert late[0] >= 19
    assert late[-1] < 32
    assert len(listener.warnings) == 1
    delay = voice.stream.delay_samples
    sent = np.frombuffer(b"".join(packet(sequence).payload for sequence in range(60)), "<i2")
    heard = np.frombuffer(b"".join(p.payload for p in listener.packets), "<i2")
    # In the middle of the late ones the input itself comes out, where it belongs.
    middle = slice(24 * 320, 25 * 320)
    assert np.abs(heard[middle].astype(int) - sent[middle.start - delay : middle.stop - delay]).max() <= 1
    # Afterwards the model is at work again, at the same delay: every packet is answered when it comes.
    assert all(not p.flags & FLAG_LATE for p in listener.packets[33:])
    assert voice.stream.drained
