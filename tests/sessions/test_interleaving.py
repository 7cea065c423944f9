"""Whoever else is served, live voices and files: packets in give the same packets out, bit for bit."""

import functools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_server.audio.pcm import to_s16le
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import RunCost
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority
from edge_server.engine.worker import Engine
from edge_server.offline.denoise import denoise_samples
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from tests.conftest import Voice as MakeVoice
from tests.sessions.test_live_voice import Listener

KINDS = [(16000, 320), (16000, 96), (48000, 960), (8000, 160), (44100, 441), (24000, 2400)]
SECONDS = 0.3


class Speaker:
    """One voice with packets left to say."""

    def __init__(self, context: VoiceContext, model: ModelFile, make: MakeVoice, kind: int) -> None:
        rate_hz, self.samples = KINDS[kind]
        self.kind = kind
        self.pcm = to_s16le(make(rate_hz, SECONDS, kind))
        self.heard = Listener()
        self.voice = LiveVoice(context, VoiceRequest(model.facts.geometry(rate_hz), self.samples, None), self.heard)
        self.said = 0

    @property
    def silent(self) -> bool:
        return 2 * self.samples * (self.said + 1) > len(self.pcm)

    def say(self) -> None:
        start = 2 * self.samples * self.said
        self.voice.accept(AudioPacket(KIND_AUDIO, 0, self.said, 0, self.pcm[start : start + 2 * self.samples]))
        self.said += 1


def box(model: ModelFile, max_batch: int, threads: int = 1) -> tuple[Engine, VoiceContext]:
    # A frame of this cost fills a lane with two voices.
    config, cost = EngineConfig(max_batch=max_batch, threads=threads), RunCost(1e-4, 3e-3)
    engine = Engine(model, config, lambda: None, lambda: 0.0, cost)
    return engine, VoiceContext(Pump(engine), StreamLimits(1000, 1.0), 1.0, lambda: 0.0)


@functools.cache
def alone(model: ModelFile, make: MakeVoice, kind: int) -> list[AudioPacket]:
    engine, context = box(model, 1)
    speaker = Speaker(context, model, make, kind)
    while not speaker.silent:
        speaker.say()
        engine.run_inline()
        context.pump.drain()
    return speaker.heard.packets


@settings(max_examples=30, deadline=None)
@given(
    kinds=st.lists(st.integers(0, len(KINDS) - 1), min_size=1, max_size=6),
    max_batch=st.integers(1, 9),
    threads=st.integers(1, 3),
    data=st.data(),
)
def test_any_interleaving_gives_each_session_what_it_gets_alone(
    tiny_model: ModelFile,
    noisy_voice: MakeVoice,
    kinds: list[int],
    max_batch: int,
    threads: int,
    data: st.DataObject,
) -> None:
    engine, context = box(tiny_model, max_batch, threads)
    file = engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.FILE)
    speakers = [Speaker(context, tiny_model, noisy_voice, kind) for kind in kinds]
    while talking := [speaker for speaker in speakers if not speaker.silent]:
        data.draw(st.sampled_from(talking)).say()
        if data.draw(st.booleans()):
            engine.submit(file, np.zeros(256, np.float32), math.inf)
        for _ in range(data.draw(st.integers(0, 2))):
            engine.step()
        if data.draw(st.booleans()):
            context.pump.drain()
    engine.run_inline()
    context.pump.drain()
    for speaker in speakers:
        assert speaker.heard.packets == alone(tiny_model, noisy_voice, speaker.kind)


def test_alone_is_what_offline_gives(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    for kind, (rate_hz, samples) in enumerate(KINDS):
        _, context = box(tiny_model, 1)
        speaker = Speaker(context, tiny_model, noisy_voice, kind)
        heard = b"".join(packet.payload for packet in alone(tiny_model, noisy_voice, kind))
        offline = to_s16le(denoise_samples(tiny_model, noisy_voice(rate_hz, SECONDS, kind), rate_hz))
        late = heard[2 * speaker.voice.stream.delay_samples :]
        if rate_hz != 44100:
            assert late == offline[: len(late)]
        assert len(late) > 2 * samples
