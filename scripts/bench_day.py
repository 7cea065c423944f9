"""A day of one stream, fed faster than real time: the first half of the `soak` benchmark."""

import gc
import math
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from tqdm import tqdm

from edge_server.audio.pcm import from_s16le, to_s16le
from edge_server.engine.model_file import ModelFile, load_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.packets import KIND_AUDIO, AudioPacket
from scripts.bench_sessions import speech

RATE_HZ = 16000
LONG_PACKET, SHORT_PACKET = 960, 320
"""60 ms, whose three or four frames go in one run, and 20 ms."""
WARM_UP_SHARE = 0.1
SELDOM, SKIPPED = 10, 7
"""Of so many rounds, one has the third voice in it, and one lacks the second."""
LAST_S = 60.0


class _Speaker:
    """Says a clip over and over and compares what it hears with `expected`, which repeats with the clip or ends."""

    def __init__(
        self, context: VoiceContext, request: VoiceRequest, clip: bytes, expected: bytes, repeats: bool
    ) -> None:
        self._voice = LiveVoice(context, request, self)
        self._packet_bytes = 2 * request.packet_samples
        self._clip = clip
        self._expected = expected
        self._repeats = repeats
        self._delay_bytes = 2 * self._voice.stream.delay_samples
        self.said_packets = self.heard_bytes = self.wrong = 0
        self.latest: deque[bytes] = deque(maxlen=round(LAST_S * 2 * RATE_HZ / self._packet_bytes))

    def speak(self) -> None:
        """Send the next packet."""
        payload = _looped(self._clip, self.said_packets * self._packet_bytes, self._packet_bytes)
        self._voice.accept(AudioPacket(KIND_AUDIO, 0, self.said_packets, 0, payload))
        self.said_packets += 1

    @property
    def missing_samples(self) -> int:
        """How much less was heard than said."""
        return (self.said_packets * self._packet_bytes - self.heard_bytes) // 2

    def heard_for(self, latest_bytes: int) -> bytes:
        """What was said by the time of which so many bytes were heard last."""
        return _looped(self._clip, self.heard_bytes - latest_bytes - self._delay_bytes, latest_bytes)

    def answer(self, packet: AudioPacket) -> None:
        """Compare a packet."""
        start = self.heard_bytes - self._delay_bytes
        size = len(packet.payload)
        self.heard_bytes += size
        self.latest.append(packet.payload)
        if start >= 0 and (self._repeats or start + size <= len(self._expected)):
            self.wrong += packet.payload != _looped(self._expected, start, size)

    def overloaded(self, error: object) -> None:
        """The engine's statistics tell."""

    def engine_failed(self, error: EngineFailedError) -> None:
        """Pass it on."""
        raise error


def run_stream_soak(model_path: Path, hours: float) -> dict[str, Any]:
    """Feed one stream so many simulated hours, as fast as the machine goes, beside two that hear their own input back.

    Those are not always there, and one has short packets, so that runs of one frame and of four, of one stream and of two,
    use the same memory in turns. What the stream hears at first has to be what a recording becomes;
    `last_minute_error_db` is how its last minute differs from what a new stream makes of it, by energy.

    Gives `{"simulated_hours", "times_real_time", "rss_growth_percent", "drift_samples", "wrong_packets", "failed_runs",
    "late_frames", "last_minute_error_db"}`.
    """
    model = load_model(model_path)
    engine = Engine(model, EngineConfig(max_streams=3), lambda: None)
    pump = Pump(engine)
    everyone = _speakers(model, pump, speech(model_path, 12.0).clips[0])
    rounds, began_s, warm_bytes = round(hours * 3600 * RATE_HZ / LONG_PACKET), time.perf_counter(), 0
    for number in tqdm(range(rounds), desc="one stream", unit=" packets", disable=None):
        _round(pump, everyone, number)
        if number == int(rounds * WARM_UP_SHARE):
            warm_bytes = _resident_bytes()
    stats, elapsed_s = engine.stats(), time.perf_counter() - began_s
    return {
        "simulated_hours": hours,
        "times_real_time": round(hours * 3600 / elapsed_s, 1),
        "rss_growth_percent": round(100 * (_resident_bytes() / warm_bytes - 1), 2),
        "drift_samples": max((speaker.missing_samples for speaker in everyone), key=abs),
        "wrong_packets": sum(speaker.wrong for speaker in everyone),
        "failed_runs": stats.failed_runs,
        "late_frames": stats.late_frames,
        "last_minute_error_db": round(_last_minute_error_db(model, everyone[0]), 1),
    }


def _speakers(model: ModelFile, pump: Pump, clip: bytes) -> list[_Speaker]:
    context = VoiceContext(pump, StreamLimits(50, 1.0), math.inf, time.monotonic)
    geometry = model.facts.geometry(RATE_HZ)
    # Whole packets of both lengths.
    clip = clip[: len(clip) // (2 * LONG_PACKET) * 2 * LONG_PACKET]
    clean = to_s16le(denoise_samples(model, from_s16le(clip), RATE_HZ))
    return [
        _Speaker(context, VoiceRequest(geometry, LONG_PACKET, None), clip, clean, repeats=False),
        _Speaker(context, VoiceRequest(geometry, LONG_PACKET, 0.0), clip, clip, repeats=True),
        _Speaker(context, VoiceRequest(geometry, SHORT_PACKET, 0.0), clip, clip, repeats=True),
    ]


def _round(pump: Pump, everyone: list[_Speaker], number: int) -> None:
    stream, often, seldom = everyone
    stream.speak()
    if number % SKIPPED:
        often.speak()
    if number % SELDOM == 0:
        seldom.speak()
    pump.engine.run_inline()
    pump.drain()


def _last_minute_error_db(model: ModelFile, stream: _Speaker) -> float:
    heard = from_s16le(b"".join(stream.latest))
    anew = denoise_samples(model, from_s16le(stream.heard_for(2 * len(heard))), RATE_HZ)
    # A new stream has to get used to the voice first.
    settled = slice(len(heard) // 2, None)
    return _energy_db(heard[settled] - anew[settled]) - _energy_db(anew[settled])


def _energy_db(samples: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-20))


def _looped(data: bytes, start: int, size: int) -> bytes:
    """So many bytes of data that repeats."""
    at = start % len(data)
    if at + size <= len(data):
        return data[at : at + size]
    return data[at:] + _looped(data, 0, size - len(data) + at)


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)
