"""One live stream: packets in, hops to the engine, answers out. Pure: no sockets, no gevent, no clock of its own."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm import from_s16le, to_s16le
from edge_server.audio.stream_audio import StreamAudio
from edge_server.errors import OverrunError, PacketWrongSizeError, SequenceWrongError
from edge_server.sessions.latency import LatencyReservoir
from edge_server.transport.packets import FLAG_GAP, FLAG_LATE, KIND_AUDIO, KIND_TAIL, SEQUENCE_MODULUS, AudioPacket

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What one stream may use: unanswered packets, and the longest gap filled with silence, in seconds."""

    max_backlog_packets: int
    max_gap_s: float


@dataclass(slots=True)
class StreamCounters:
    """What happened to a stream so far."""

    packets_in: int = 0
    packets_out: int = 0
    samples_in: int = 0
    samples_out: int = 0
    lost_packets: int = 0
    late_frames: int = 0
    dropped_packets: int = 0


@dataclass(frozen=True, slots=True)
class _Pending:
    sequence: int
    timestamp_ms: int
    flags: int
    arrived_s: float


@dataclass(frozen=True, slots=True)
class DueHop:
    """One hop of samples for the engine, with the time by which its frame is due, in seconds of the caller's clock."""

    samples: Samples
    due_s: float


class Stream:
    """Answers every packet with exactly one packet of the same length, in order.

    `geometry` gives rate, hop and delay; `packet_samples` is the agreed length. All methods take the time `now_s`
    from one clock that never goes back.
    """

    def __init__(self, geometry: StreamGeometry, packet_samples: int, limits: StreamLimits, deadline_s: float) -> None:
        self.geometry = geometry
        self.packet_samples = packet_samples
        self.counters = StreamCounters()
        self._audio = StreamAudio(geometry, packet_samples)
        self._limits = limits
        self._deadline_s = deadline_s
        self._pending: deque[_Pending] = deque()
        self._late_spans: deque[tuple[int, int]] = deque()
        self._next_sequence = 0
        self._next_timestamp_ms = 0
        self._hops_under_way = 0
        self._pulled_samples = 0
        self._latency = LatencyReservoir()

    @property
    def delay_samples(self) -> int:
        """By how many samples the answers lag the input."""
        return int(self._audio.delay_samples)

    @property
    def drained(self) -> bool:
        """Whether every hop that went to the engine came back."""
        return self._hops_under_way == 0

    def accept(self, packet: AudioPacket, now_s: float) -> list[DueHop]:
        """The hops that this packet completes, gap filling included.

        Raises `PacketWrongSizeError`, `SequenceWrongError`, and `OverrunError` when the backlog is full. Nothing
        changed then, except that after `OverrunError` the number of the dropped packet counts as used.
        """
        if len(packet.payload) != 2 * self.packet_samples:
            raise PacketWrongSizeError(
                f"This stream has {self.packet_samples} samples ({2 * self.packet_samples} bytes) a packet; "
                f"this packet has {len(packet.payload)} bytes."
            )
        lost = self._lost_before(packet.sequence)
        self._make_room(packet.sequence, lost)
        hops: list[Samples] = []
        for index in range(lost):
            hops += self._push_silence(index, now_s)
        pending = _Pending(packet.sequence, packet.timestamp_ms, FLAG_GAP if lost else 0, now_s)
        hops += self._push(from_s16le(packet.payload), pending)
        self._next_sequence = packet.sequence + 1
        self._next_timestamp_ms = packet.timestamp_ms + self._packet_ms
        self.counters.packets_in += 1
        self.counters.lost_packets += lost
        return self._due(hops, now_s)

    def deliver(self, samples: Samples, late: bool) -> None:
        """Take one hop back from the engine. Hops come back in the order in which they went."""
        self._hops_under_way -= 1
        start = self._pulled_samples + self._audio.available()
        self._audio.deliver(samples)
        if late:
            self.counters.late_frames += 1
            self._late_spans.append((start, self._pulled_samples + self._audio.available()))

    def answers(self, now_s: float) -> list[AudioPacket]:
        """The answers that are complete now, in order."""
        ready = []
        while self._pending and self._audio.available() >= self.packet_samples:
            pending = self._pending.popleft()
            flags = pending.flags | self._late_flag(self.packet_samples)
            self._latency.add(now_s - pending.arrived_s)
            ready.append(self._pull(KIND_AUDIO, flags, pending.sequence, pending.timestamp_ms, self.packet_samples))
        return ready

    def flush(self, now_s: float) -> list[DueHop]:
        """The last hops; after them the stream takes no packet."""
        return self._due(self._audio.flush(), now_s)

    def tail(self) -> list[AudioPacket]:
        """The last `delay_samples` samples as tail packets, once the stream is flushed and drained."""
        packets: list[AudioPacket] = []
        left = self.counters.samples_in + self.delay_samples - self._pulled_samples
        while left > 0:
            count = min(left, self.packet_samples, self._audio.available())
            if count == 0:
                break
            packets.append(
                self._pull(KIND_TAIL, self._late_flag(count), self._next_sequence, self._next_timestamp_ms, count)
            )
            self._next_sequence += 1
            self._next_timestamp_ms += self._packet_ms
            left -= count
        return packets

    def summary(self) -> dict[str, int | float]:
        """The counters and the latency of this stream, as PROTOCOL.md names them."""
        p50_ms, p99_ms = self._latency.percentiles_ms((50.0, 99.0))
        return {**asdict(self.counters), "latency_ms_p50": p50_ms, "latency_ms_p99": p99_ms}

    @property
    def _packet_ms(self) -> int:
        return round(1000 * self.packet_samples / self.geometry.sample_rate_hz)

    def _lost_before(self, sequence: int) -> int:
        lost = sequence - self._next_sequence
        if lost < 0:
            raise SequenceWrongError(f"Packet {sequence} was sent already; the next number is {self._next_sequence}.")
        if lost * self.packet_samples > self._limits.max_gap_s * self.geometry.sample_rate_hz:
            raise SequenceWrongError(
                f"Packet {sequence} leaves a gap of {lost} packets; gaps up to {self._limits.max_gap_s:g} s are filled."
            )
        return lost

    def _make_room(self, sequence: int, lost: int) -> None:
        # Filled packets count once they are in, so one gap may go over the limit, by `max_gap_s` at most.
        if len(self._pending) >= self._limits.max_backlog_packets:
            self.counters.dropped_packets += 1
            self.counters.lost_packets += lost
            self._next_sequence = sequence + 1
            raise OverrunError(f"Packet {sequence} was dropped: {len(self._pending)} packets wait for their answer.")

    def _push_silence(self, index: int, now_s: float) -> list[Samples]:
        timestamp_ms = (self._next_timestamp_ms + index * self._packet_ms) % SEQUENCE_MODULUS
        pending = _Pending(self._next_sequence + index, timestamp_ms, 0, now_s)
        return self._push(np.zeros(self.packet_samples, dtype=np.float32), pending)

    def _push(self, samples: Samples, pending: _Pending) -> list[Samples]:
        self._pending.append(pending)
        self.counters.samples_in += len(samples)
        return self._audio.push(samples)

    def _due(self, hops: list[Samples], now_s: float) -> list[DueHop]:
        # Audio ahead of real time is due later: a client that hurries queues behind everyone who speaks.
        # Its lead is what waits for an answer, which the backlog bounds; clocks of microphones and boxes drift apart.
        lead_s = max(0, len(self._pending) - 1) * self.packet_samples / self.geometry.sample_rate_hz
        due_s = now_s + lead_s + self._deadline_s
        self._hops_under_way += len(hops)
        return [DueHop(hop, due_s) for hop in hops]

    def _late_flag(self, count: int) -> int:
        start, end = self._pulled_samples, self._pulled_samples + count
        while self._late_spans and self._late_spans[0][1] <= start:
            self._late_spans.popleft()
        return FLAG_LATE if self._late_spans and self._late_spans[0][0] < end else 0

    def _pull(self, kind: int, flags: int, sequence: int, timestamp_ms: int, count: int) -> AudioPacket:
        samples = self._audio.pull(count)
        self._pulled_samples += count
        self.counters.packets_out += 1
        self.counters.samples_out += count
        return AudioPacket(kind, flags, sequence, timestamp_ms, to_s16le(samples))
