"""One session of the load generator: what it says, what has to come back, and what does."""

import time
from dataclasses import dataclass, field

from edge_server.transport.packets import FLAG_LATE, KIND_AUDIO, KIND_SILENCE, AudioPacket, silent_packets
from scripts.bench_dialects import Talker
from scripts.bench_wire import Wire


@dataclass(slots=True)
class Voice:
    """One session and what was noticed about it; latencies in seconds, of what was said since `begin_to_measure`.

    `next_answer` is the number after the last one that was answered. `late_frames_told` are those that the box counted: an
    answer that says so may be lost with a connection, and what follows sounds different all the same.
    """

    talker: Talker
    chunks: list[bytes]
    expected: bytes
    packet_bytes: int
    due_at_s: list[float] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)
    measured_from: int = 0
    answered_packets: int = 0
    next_answer: int = 0
    late_packets: int = 0
    late_frames_told: int = 0
    compared_packets: int = 0
    wrong_packets: int = 0

    @property
    def unanswered_packets(self) -> int:
        """How many packets were not answered yet."""
        return len(self.due_at_s) - self.answered_packets

    @property
    def audio_ok(self) -> bool:
        """Whether something that had to come back was heard, and nothing else was."""
        return self.compared_packets > 0 and not self.wrong_packets

    @property
    def sounds_wrong(self) -> bool:
        """Whether something came back that nothing late or unanswered of its own explains."""
        is_explained = self.late_packets or self.late_frames_told or self.unanswered_packets
        return self.wrong_packets > 0 and not is_explained

    def begin_to_measure(self) -> None:
        """Forget the latencies so far, also those of packets that are not answered yet."""
        self.measured_from = len(self.due_at_s)
        self.latencies_s.clear()

    def speak(self, due_s: float) -> None:
        """Send the next packet, which was due at `due_s`: an answer is late by all the time since."""
        sequence = len(self.due_at_s)
        self.due_at_s.append(due_s)
        self.talker.speak(sequence, self.chunks[sequence])

    def say_again(self, first_sequence: int) -> None:
        """Send the packets from a number on once more: the box has lost them with a connection."""
        for sequence in range(first_sequence, len(self.due_at_s)):
            self.talker.speak(sequence, self.chunks[sequence])

    def hear(self, wire: Wire) -> None:
        """Take what has come."""
        for answer in self.talker.hear(wire):
            if answer.kind == KIND_AUDIO:
                self._count(answer)
            elif answer.kind == KIND_SILENCE:
                # What stands for answers that went to a connection which broke has no latency, and no sound to compare.
                self._answered(answer.sequence, silent_packets(answer))

    def _answered(self, sequence: int, packets: int) -> None:
        self.answered_packets += packets
        self.next_answer = sequence + packets

    def _count(self, answer: AudioPacket) -> None:
        self._answered(answer.sequence, 1)
        if answer.sequence >= self.measured_from:
            self.latencies_s.append(time.perf_counter() - self.due_at_s[answer.sequence])
        self.late_packets += answer.flags & FLAG_LATE
        if self.expected:
            start = answer.sequence * self.packet_bytes - 2 * self.talker.delay_samples
            # What comes out before the delay has passed is nobody's.
            if start >= 0:
                self.compared_packets += 1
                self.wrong_packets += answer.payload != self.expected[start : start + self.packet_bytes]
