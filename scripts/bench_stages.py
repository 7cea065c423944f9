"""The `stages` benchmark: where the microseconds of one packet go, from its bytes to the bytes of its answer.

Times are CPU time of the thread, so that whatever else runs on the machine does not count.
"""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_server.engine.model_file import ModelFile, load_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import EngineFailedError
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.bounded_msgpack import Envelope
from edge_server.transport.packets import KIND_AUDIO, AudioPacket, decode_packet, encode_packet
from edge_server.transport.socketio_packet import encode_audio
from edge_server.transport.websocket_frames import BINARY, FrameReader, encode_frame
from scripts.bench_wire import frame

BATCHES = (1, 8, 32, 64)
_PACKET_MS = 20
_REPEATS = 5


def run_stages_benchmark(model_path: Path, sample_rate_hz: int = 16000, rounds: int = 2000) -> dict[str, Any]:
    """Measure each stage on its own, in microseconds of CPU for one packet (the engine's: for one frame).

    Gives `{"benchmark", "model", "sample_rate_hz", "packet_us": {stage: us}, "frame_us": {batch: us}}`.
    """
    model = load_model(model_path)
    return {
        "benchmark": "stages",
        "model": model.facts.name,
        "sample_rate_hz": sample_rate_hz,
        "packet_us": _packet_stages(model, sample_rate_hz, rounds),
        "frame_us": {batch: _frame_us(model, sample_rate_hz, batch, rounds) for batch in BATCHES},
    }


def stages_table(result: dict[str, Any]) -> str:
    """Give a benchmark's result as a table to print."""
    packet_us, frame_us = result["packet_us"], result["frame_us"]
    lines = [f"CPU of one {_PACKET_MS} ms packet at {result['sample_rate_hz']} Hz, in microseconds"]
    lines += [f"  {stage:28}{us:7.2f}" for stage, us in packet_us.items()]
    lines.append(f"  {'network side, together':28}{sum(packet_us.values()):7.2f}")
    lines.append("CPU of one frame in the engine (queues, STFT, model, overlap-add), in microseconds")
    lines += [f"  {f'batch of {batch}':28}{us:7.2f}" for batch, us in frame_us.items()]
    return "\n".join(lines)


class _Listener:
    """Takes what a voice answers."""

    def __init__(self) -> None:
        self.answers = 0

    def answer(self, packet: AudioPacket) -> None:
        """Count a packet."""
        self.answers += 1

    def overloaded(self, error: object) -> None:
        """Nothing is ever late here."""

    def engine_failed(self, error: EngineFailedError) -> None:
        """Pass it on."""
        raise error


def _packet_stages(model: ModelFile, rate_hz: int, rounds: int) -> dict[str, float]:
    packet_samples = rate_hz * _PACKET_MS // 1000
    pcm = np.random.default_rng(0).integers(-3000, 3000, packet_samples).astype("<i2").tobytes()
    packet = AudioPacket(KIND_AUDIO, 0, 0, 0, pcm)
    data, message = encode_packet(packet), encode_audio(encode_packet(packet))
    question, reader = frame(BINARY, message), FrameReader(1 << 20)
    near, far = _loopback()
    envelope = Envelope()
    envelope.learn(message, data)
    stages: dict[str, Callable[[int], object]] = {
        "receive (system call)": lambda n: near.recv(16384),
        "unmask, cut frames": lambda n: reader.feed(question),
        "open the envelope": lambda n: envelope.open(message),
        "read the header": lambda n: decode_packet(data),
    }
    us = {
        name: _cpu_us(stage, rounds, (lambda: far.send(question)) if "receive" in name else None)
        for name, stage in stages.items()
    }
    us |= _stream_stages(model, rate_hz, packet_samples, pcm, rounds)
    us["write header and envelope"] = _cpu_us(lambda n: encode_audio(encode_packet(packet)), rounds)
    answer = encode_frame(BINARY, message)
    us["frame"] = _cpu_us(lambda n: encode_frame(BINARY, message), rounds)
    us["send (system call)"] = _cpu_us(lambda n: near.send(answer), rounds, lambda: None, lambda: far.recv(16384))
    return {name: round(value, 2) for name, value in us.items()}


def _stream_stages(model: ModelFile, rate_hz: int, packet_samples: int, pcm: bytes, rounds: int) -> dict[str, float]:
    engine = Engine(model, EngineConfig(max_streams=1, max_batch=1), wake=lambda: None)
    pump, listener = Pump(engine), _Listener()
    request = VoiceRequest(model.facts.geometry(rate_hz), packet_samples, None)
    voice = LiveVoice(VoiceContext(pump, StreamLimits(50, 1.0), 1e9, time.monotonic), request, listener)

    def accept(n: int) -> None:
        voice.accept(AudioPacket(KIND_AUDIO, 0, voice.stream.next_sequence, 0, pcm))

    def run() -> None:
        engine.run_inline()

    def run_and_drain() -> None:
        run()
        pump.drain()

    def accept_and_run() -> None:
        accept(0)
        run()

    return {
        "stream: cut into hops": _cpu_us(accept, rounds, None, run_and_drain),
        "stream: join into answers": _cpu_us(lambda n: pump.drain(), rounds, accept_and_run),
    }


def _frame_us(model: ModelFile, rate_hz: int, batch: int, rounds: int) -> float:
    engine = Engine(model, EngineConfig(max_streams=batch, max_batch=batch), wake=lambda: None)
    geometry = model.facts.geometry(rate_hz)
    handles = [engine.open_stream(geometry, None, pcm=True) for _ in range(batch)]
    hop = np.random.default_rng(0).integers(-3000, 3000, geometry.hop_samples).astype("<i2").tobytes()

    def submit() -> None:
        for handle in handles:
            engine.submit(handle, hop, 1e12)

    submit()
    engine.run_inline()
    engine.drain()
    us = _cpu_us(lambda n: engine.run_inline(), max(20, rounds // batch // 4), submit, engine.drain)
    return round(us / batch, 2)


def _cpu_us(
    stage: Callable[[int], object],
    rounds: int,
    before: Callable[[], object] | None = None,
    after: Callable[[], object] | None = None,
) -> float:
    """The CPU time of one call; the least of some repetitions, since caches that are cold are not its fault."""
    best_ns = min(_round_ns(stage, rounds // _REPEATS, before, after) for _ in range(_REPEATS))
    return best_ns / 1000


def _round_ns(
    stage: Callable[[int], object],
    rounds: int,
    before: Callable[[], object] | None,
    after: Callable[[], object] | None,
) -> float:
    if before is None and after is None:
        began_ns = time.thread_time_ns()
        for number in range(rounds):
            stage(number)
        return (time.thread_time_ns() - began_ns) / rounds
    spent_ns, clock_ns = 0, _clock_ns()
    for number in range(rounds):
        if before is not None:
            before()
        began_ns = time.thread_time_ns()
        stage(number)
        spent_ns += time.thread_time_ns() - began_ns
        if after is not None:
            after()
    return max(0.0, spent_ns / rounds - clock_ns)


def _clock_ns() -> float:
    began_ns = time.thread_time_ns()
    for _ in range(1000):
        time.thread_time_ns()
    return (time.thread_time_ns() - began_ns) / 1000


def _loopback() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        far = socket.create_connection(server.getsockname())
        near, _ = server.accept()
    for connection in (near, far):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near, far
