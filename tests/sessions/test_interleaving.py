"""Whoever else is served, live voices and files, in time or late: the same packets give the same answers, bit for bit."""

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
from tests.engine.driving import ManualClock
from tests.sessions.test_live_voice import Listener
from tests.sessions.test_resume import numbers

KINDS = [(16000, 320), (16000, 96), (48000, 960), (8000, 160), (44100, 441), (24000, 2400)]
SECONDS = 0.3
MAX_GAP_S = 1.0
PATIENT_S, HASTY_S, STEP_S = 1e6, 0.05, 1.0
"""The deadline of voices that are never late, and of those that are once the clock has made a step."""
MOST_REPLACED = 3

Step = tuple[str, int | None]
"""Something that a client does, and how much of it."""

SAY: Step = ("say", None)
END: Step = ("end", None)
# Mostly they speak, one or all; else they lose packets, come back after a break, set a limit, or hang up for another.
DEEDS = (
    *[SAY] * 12,
    *[("chorus", None)] * 4,
    ("lose", 1),
    ("lose", 4),
    ("break", 3),
    ("limit", 0),
    ("limit", 12),
    ("limit", None),
    ("hang up", None),
)
# Who does what, how far the clock goes on, whether a file has a frame, how many batches are run, and whether they are heard.
# Drawn at once, which takes hypothesis half the time.
TURNS = st.tuples(
    st.integers(0, 59),
    st.sampled_from(DEEDS),
    st.sampled_from((0.0, 0.0, 0.0, 0.0, STEP_S)),
    st.booleans(),
    st.integers(0, 2),
    st.booleans(),
)


class Speaker:
    """One voice with packets left to say, and what it did so far."""

    def __init__(self, context: VoiceContext, model: ModelFile, make: MakeVoice, kind: int) -> None:
        rate_hz, self.samples = KINDS[kind]
        self.kind = kind
        self.patient = context.deadline_s == PATIENT_S
        self.pcm = to_s16le(make(rate_hz, SECONDS, kind))
        self.heard = Listener()
        self.voice = LiveVoice(context, VoiceRequest(model.facts.geometry(rate_hz), self.samples, None), self.heard)
        self.script: list[Step] = []
        self._pump = context.pump
        self._said = self._left_out = self._left_out_before = 0

    @property
    def silent(self) -> bool:
        return 2 * self.samples * (self._said + 1) > len(self.pcm)

    def do(self, step: Step) -> None:
        self.script.append(step)
        match step:
            case ("say", _):
                self._say()
            case ("lose", int(packets)):
                self._lose(packets)
            case ("break", int(packets)):
                self._break_off()
                self._left_out += math.ceil(MAX_GAP_S * KINDS[self.kind][0] / self.samples) + packets
            case ("limit", limit_db):
                self.voice.set_suppression_limit(limit_db)
            case ("end", _):
                self.voice.finish(lambda: None)

    def _lose(self, packets: int) -> None:
        # A longer gap is refused.
        longest = int(MAX_GAP_S * KINDS[self.kind][0] / self.samples)
        if self._left_out + packets - self._left_out_before <= longest:
            self._left_out += packets

    def _say(self) -> None:
        start = 2 * self.samples * self._said
        payload = self.pcm[start : start + 2 * self.samples]
        self.voice.accept(AudioPacket(KIND_AUDIO, 0, self._said + self._left_out, 0, payload))
        self._said += 1
        self._left_out_before = self._left_out

    def _break_off(self) -> None:
        # What the model has heard before a break is what was run by then, so here that is everything.
        while not self.voice.stream.drained:
            self._pump.engine.step()
            self._pump.drain()
        self.voice.adopt(self.heard, self.voice.stream.resume(len(numbers(self.heard))))


class Box:
    """An engine driven by hand, and voices on it that are never late, or soon."""

    def __init__(self, model: ModelFile, streams: int, max_batch: int, threads: int = 1) -> None:
        # A frame of this cost fills a lane with two voices.
        config, cost = EngineConfig(max_streams=streams, max_batch=max_batch, threads=threads), RunCost(1e-4, 3e-3)
        self.clock = ManualClock()
        self.engine = Engine(model, config, lambda: None, self.clock, cost)
        self.pump = Pump(self.engine)

    def context(self, deadline_s: float = PATIENT_S) -> VoiceContext:
        return VoiceContext(self.pump, StreamLimits(1000, MAX_GAP_S), deadline_s, self.clock)

    def run(self) -> None:
        self.engine.run_inline()
        self.pump.drain()


@functools.cache
def alone(model: ModelFile, make: MakeVoice, kind: int, script: tuple[Step, ...]) -> list[AudioPacket]:
    box = Box(model, 1, 1)
    speaker = Speaker(box.context(), model, make, kind)
    for step in script:
        speaker.do(step)
        box.run()
    return speaker.heard.packets


@settings(max_examples=30, deadline=None)
@given(
    kinds=st.lists(
        st.tuples(st.integers(0, len(KINDS) - 1), st.sampled_from((False, False, True))), min_size=1, max_size=6
    ),
    max_batch=st.integers(1, 9),
    threads=st.integers(1, 3),
    data=st.data(),
)
def test_any_interleaving_gives_each_session_what_it_gets_alone(
    tiny_model: ModelFile,
    noisy_voice: MakeVoice,
    kinds: list[tuple[int, bool]],
    max_batch: int,
    threads: int,
    data: st.DataObject,
) -> None:
    box = Box(tiny_model, len(kinds), max_batch, threads)
    file = box.engine.open_stream(tiny_model.facts.geometry(16000), None, Priority.FILE)

    def speaker_of(kind: int, hasty: bool) -> Speaker:
        return Speaker(box.context(HASTY_S if hasty else PATIENT_S), tiny_model, noisy_voice, kind)

    speakers, gone = [speaker_of(*kind) for kind in kinds], list[Speaker]()
    while talking := [speaker for speaker in speakers if not speaker.silent]:
        number, deed, passed_s, filing, batches, hearing = data.draw(TURNS)
        speaker = talking[number % len(talking)]
        if deed[0] == "chorus":
            for each in talking:
                each.do(SAY)
        elif deed[0] != "hang up":
            speaker.do(deed)
        elif len(gone) < MOST_REPLACED:
            # There are as many slots as speakers: who comes next has this one, with frames of the other still waiting.
            speaker.voice.close()
            gone.append(speaker)
            speakers[speakers.index(speaker)] = speaker_of(*data.draw(st.sampled_from(kinds)))
        box.clock.now_s += passed_s
        if filing:
            box.engine.submit(file, np.zeros(256, np.float32), math.inf)
        for _ in range(batches):
            box.engine.step()
        if hearing:
            box.pump.drain()
    for speaker in speakers:
        speaker.do(END)
    box.run()
    for speaker in [*speakers, *gone]:
        heard, counters = speaker.heard.packets, speaker.voice.stream.counters
        answered = numbers(speaker.heard)
        assert answered == list(range(len(answered)))
        if speaker.patient:
            assert counters.late_frames == 0
        if counters.late_frames == 0:
            expected = alone(tiny_model, noisy_voice, speaker.kind, tuple(speaker.script))
            assert heard == (expected[: len(heard)] if speaker in gone else expected)
        elif speaker not in gone:
            assert counters.samples_out == counters.samples_in + speaker.voice.stream.delay_samples


def test_beside_voices_that_are_late_in_every_batch_the_others_sound_as_alone(
    tiny_model: ModelFile, noisy_voice: MakeVoice
) -> None:
    box = Box(tiny_model, 6, 9)
    deadlines_s = (HASTY_S, PATIENT_S, HASTY_S, PATIENT_S, PATIENT_S, HASTY_S)
    speakers = [
        Speaker(box.context(deadline_s), tiny_model, noisy_voice, number % 2)
        for number, deadline_s in enumerate(deadlines_s)
    ]
    while talking := [speaker for speaker in speakers if not speaker.silent]:
        for speaker in talking:
            speaker.do(SAY)
        box.clock.now_s += STEP_S
        box.run()
    for speaker in speakers:
        counters = speaker.voice.stream.counters
        if speaker.patient:
            assert counters.late_frames == 0
            assert speaker.heard.packets == alone(tiny_model, noisy_voice, speaker.kind, tuple(speaker.script))
        else:
            assert counters.late_frames * 256 > 0.9 * counters.samples_in


def test_alone_is_what_offline_gives(tiny_model: ModelFile, noisy_voice: MakeVoice) -> None:
    for kind, (rate_hz, samples) in enumerate(KINDS):
        speaker = Speaker(Box(tiny_model, 1, 1).context(), tiny_model, noisy_voice, kind)
        said = (SAY,) * (len(speaker.pcm) // (2 * samples))
        heard = b"".join(packet.payload for packet in alone(tiny_model, noisy_voice, kind, said))
        offline = to_s16le(denoise_samples(tiny_model, noisy_voice(rate_hz, SECONDS, kind), rate_hz))
        late = heard[2 * speaker.voice.stream.delay_samples :]
        if rate_hz != 44100:
            assert late == offline[: len(late)]
        assert len(late) > 2 * samples
