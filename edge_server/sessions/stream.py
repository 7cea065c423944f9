"""One live stream: packets in, hops to the engine, answers out. Pure: no sockets, no gevent, no clock of its own."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import NamedTuple

from edge_server.audio.geometry import StreamGeometry
from edge_server.audio.pcm import BYTES_PER_SAMPLE
from edge_server.audio.pcm_audio import Hop, open_pcm_audio
from edge_server.errors import BadRequestError, OverrunError, PacketWrongSizeError, SequenceWrongError
from edge_server.sessions.burst import BurstMeter
from edge_server.sessions.gap_meter import GapMeter
from edge_server.sessions.latency import LatencyHistogram
from edge_server.sessions.lead import LeadMeter
from edge_server.sessions.stream_limits import StreamCounters, StreamLimits
from edge_server.transport.packets import (
    FLAG_GAP,
    FLAG_LATE,
    KIND_AUDIO,
    KIND_TAIL,
    SEQUENCE_MODULUS,
    AudioPacket,
    silence,
)

_GAP_SPREAD_S = 0.1
"""A gap is due later by no more: who has lost a second waits on a busy box no second for what is said next."""


class _Pending(NamedTuple):
    sequence: int
    timestamp_ms: int
    flags: int
    arrived_s: float


class DueHop(NamedTuple):
    """One hop of samples for the engine, with the time by which its frame is due, in seconds of the caller's clock."""

    samples: Hop
    due_s: float


class Stream:
    """Answers every packet with exactly one packet of the same length, in order.

    `packet_samples` is the agreed length. All methods take the time `now_s` from one clock that never goes back.
    """

    def __init__(self, geometry: StreamGeometry, packet_samples: int, limits: StreamLimits, deadline_s: float) -> None:
        self.geometry = geometry
        self.packet_samples = packet_samples
        self.counters = StreamCounters()
        self._audio = open_pcm_audio(geometry, packet_samples)
        self._limits = limits
        self._deadline_s = deadline_s
        self._packet_s = packet_samples / geometry.sample_rate_hz
        self._packet_ms = round(1000 * self._packet_s)
        self._pending: deque[_Pending] = deque()
        self._late_spans: deque[tuple[int, int]] = deque()
        self._next_sequence = 0
        self._next_timestamp_ms = 0
        self._next_flags = 0
        self._hops_under_way = 0
        self._pulled_samples = 0
        self._latest_s: float | None = None
        self._latency = LatencyHistogram()
        # More is never taken at once: a full backlog, and the gap before its last packet.
        most_at_once_s = limits.max_backlog_packets * self._packet_s + limits.max_gap_s
        self._gaps = GapMeter(most_at_once_s)
        self._lead = LeadMeter(most_at_once_s)
        self._burst = BurstMeter()
        self._spread_s = 0.0
        self._resumed = False

    @property
    def delay_samples(self) -> int:
        """By how many samples the answers lag the input."""
        return self._audio.delay_samples

    @property
    def engine_takes_pcm(self) -> bool:
        """Whether the hops are s16le bytes, rather than float32 arrays."""
        return self._audio.engine_takes_pcm

    @property
    def next_sequence(self) -> int:
        """The number of the next packet, when none is lost."""
        return self._next_sequence

    @property
    def latencies(self) -> LatencyHistogram:
        """How long the packets of this stream waited for their answers."""
        return self._latency

    @property
    def drained(self) -> bool:
        """Whether every hop that went to the engine came back."""
        return self._hops_under_way == 0

    def accept(self, packet: AudioPacket, now_s: float) -> list[DueHop]:
        """The hops that this packet completes, gap filling included.

        Raises `PacketWrongSizeError`, `SequenceWrongError`, and `OverrunError` when the backlog is full. Nothing
        changed then, except that after `OverrunError` the number of the dropped packet counts as used.
        """
        self._require_size(packet)
        lost = self._lost_before(packet.sequence)
        self._make_room(packet.sequence, lost)
        hops = self._fill_gap(packet.sequence, lost, now_s) if lost else []
        self._lead.count(self._packet_s, now_s)
        self._spread_s = max(self._lead.lead_s, self._burst.count(self._packet_s, now_s))
        flags, self._next_flags = FLAG_GAP if lost else self._next_flags, 0
        hops += self._push(packet.payload, _Pending(packet.sequence, packet.timestamp_ms, flags, now_s))
        self._next_sequence = packet.sequence + 1
        self._next_timestamp_ms = packet.timestamp_ms + self._packet_ms
        self._latest_s = now_s
        self._resumed = False
        self.counters.packets_in += 1
        self.counters.lost_packets += lost
        return self._due(hops, now_s)

    def deliver(self, samples: Hop, late: bool) -> None:
        """Take one hop back from the engine. Hops come back in the order in which they went."""
        self._hops_under_way -= 1
        if not late:
            self._audio.deliver(samples)
            return
        start = self._pulled_samples + self._audio.available()
        self._audio.deliver(samples)
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

    def resume(self, next_answer: int) -> AudioPacket | None:
        """Go on with a client that lacks all answers from `next_answer` on.

        Gives the silence for those that went to the connection that broke. The next packet may be behind a long gap.
        Raises `BadRequestError` for an answer that was never given.
        """
        following = self._pending[0].sequence if self._pending else self._next_sequence
        if not 0 <= next_answer <= following:
            raise BadRequestError(f"next_answer cannot be {next_answer}; the answer after all others is {following}.")
        self._resumed = True
        if next_answer == following:
            return None
        if self._pending:
            self._pending[0] = self._pending[0]._replace(flags=self._pending[0].flags | FLAG_GAP)
        else:
            self._next_flags = FLAG_GAP
        return silence(next_answer, following - next_answer)

    def leap(self, packet: AudioPacket) -> AudioPacket | None:
        """Go over the gap of a break that is too long to be filled packet by packet.

        Gives the silence that answers everything before `packet`, or None when it is no such gap. After it the stream
        takes `packet` as its first, and no hop is under way.
        """
        lost = packet.sequence - self._next_sequence
        gap_s = lost * self._packet_s
        if not self._resumed or not self._limits.max_gap_s < gap_s <= self._limits.max_resumed_gap_s:
            return None
        self._require_size(packet)
        self._lead.lose(gap_s)
        unanswered = len(self._pending)
        first = self._pending[0].sequence if self._pending else self._next_sequence
        self.counters.lost_packets += lost
        self.counters.samples_in += lost * self.packet_samples
        self.counters.packets_out += unanswered + lost
        self.counters.samples_out += (unanswered + lost) * self.packet_samples
        self._pulled_samples = self.counters.samples_in
        self._audio = open_pcm_audio(self.geometry, self.packet_samples)
        self._pending.clear()
        self._late_spans.clear()
        self._hops_under_way = 0
        self._next_sequence, self._next_flags = packet.sequence, FLAG_GAP
        return silence(first, packet.sequence - first)

    def summary(self) -> dict[str, int | float]:
        """The counters and the latency of this stream, as PROTOCOL.md names them."""
        p50_ms, p99_ms = self._latency.percentiles_ms((50.0, 99.0))
        return {**asdict(self.counters), "latency_ms_p50": p50_ms, "latency_ms_p99": p99_ms}

    def _require_size(self, packet: AudioPacket) -> None:
        if len(packet.payload) != BYTES_PER_SAMPLE * self.packet_samples:
            raise PacketWrongSizeError(
                f"This stream has {self.packet_samples} samples ({BYTES_PER_SAMPLE * self.packet_samples} bytes) a "
                f"packet; this packet has {len(packet.payload)} bytes."
            )

    def _lost_before(self, sequence: int) -> int:
        if (lost := sequence - self._next_sequence) < 0:
            raise SequenceWrongError(f"Packet {sequence} was sent already; the next number is {self._next_sequence}.")
        if lost * self._packet_s > self._limits.max_gap_s:
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

    def _fill_gap(self, sequence: int, lost: int, now_s: float) -> list[Hop]:
        # One small packet can ask for a second of work, so no more is filled than time has passed.
        since_s = now_s if self._latest_s is None else self._latest_s
        if not self._gaps.allows(lost * self._packet_s, since_s, now_s):
            raise SequenceWrongError(
                f"Packet {sequence} leaves a gap of {lost} packets; gaps are filled no faster than time passes."
            )
        self._lead.lose(lost * self._packet_s)
        # Else all of it would be due at once, and before whatever the others say next.
        self._burst.count(min(lost * self._packet_s, _GAP_SPREAD_S), now_s)
        hops: list[Hop] = []
        for index in range(lost):
            hops += self._push_silence(index, now_s)
        return hops

    def _push_silence(self, index: int, now_s: float) -> list[Hop]:
        timestamp_ms = (self._next_timestamp_ms + index * self._packet_ms) % SEQUENCE_MODULUS
        silent = bytes(BYTES_PER_SAMPLE * self.packet_samples)
        return self._push(silent, _Pending(self._next_sequence + index, timestamp_ms, 0, now_s))

    def _push(self, payload: bytes, pending: _Pending) -> list[Hop]:
        self._pending.append(pending)
        self.counters.samples_in += self.packet_samples
        return self._audio.push(payload)

    def _due(self, hops: list[Hop], now_s: float) -> list[DueHop]:
        # Audio ahead of real time is due later: a client that hurries queues behind everyone who speaks.
        unanswered_s = max(0, len(self._pending) - 1) * self._packet_s
        due_s = now_s + min(self._spread_s, unanswered_s) + self._deadline_s
        self._hops_under_way += len(hops)
        return [DueHop(hop, due_s) for hop in hops]

    def _late_flag(self, count: int) -> int:
        if not self._late_spans:
            return 0
        while self._late_spans and self._late_spans[0][1] <= self._pulled_samples:
            self._late_spans.popleft()
        return FLAG_LATE if self._late_spans and self._late_spans[0][0] < self._pulled_samples + count else 0

    def _pull(self, kind: int, flags: int, sequence: int, timestamp_ms: int, count: int) -> AudioPacket:
        samples = self._audio.pull(count)
        self._pulled_samples += count
        self.counters.packets_out += 1
        self.counters.samples_out += count
        return AudioPacket(kind, flags, sequence, timestamp_ms, samples)
