"""A recording on its way through a live stream, however often the connection breaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_server.client_http import BoxUnreachableError
from edge_server.transport.packets import (
    FLAG_GAP,
    KIND_AUDIO,
    KIND_SILENCE,
    AudioPacket,
    silent_packets,
)

Pcm = NDArray[np.int16]

_RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class StreamedAudio:
    """What came back of a stream: samples aligned with the input, the packets as they came, the box's facts."""

    samples: Pcm
    packets: list[AudioPacket]
    started: dict[str, Any]
    summary: dict[str, Any]


class Connection(Protocol):
    """What a stream needs of the client. Everything raises BoxUnreachableError when the connection is broken."""

    def call(self, event: str, argument: Any) -> dict[str, Any]:
        """Send a control event, over a new connection if there is none, and give what its acknowledgement holds."""

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one audio packet."""

    def wait_for_answers(self, count: int) -> list[AudioPacket]:
        """All answers so far, once they answer `count` packets."""

    @property
    def answered(self) -> int:
        """How many packets were answered so far."""


class RecordingStream:
    """Sends int16 samples in packets, `pace_ms` apart or as fast as the box answers (0).

    A connection that breaks is made anew, and the stream goes on where the box left off: nothing is denoised twice or left
    out, and silence stands where answers were on their way.
    """

    def __init__(self, connection: Connection, samples: Pcm, packet_samples: int, pace_ms: float) -> None:
        self._connection = connection
        self._samples = samples
        self._packet_samples = packet_samples
        self._pace_ms = pace_ms

    def run(self, started: dict[str, Any]) -> StreamedAudio:
        """Send everything on the stream that the box has `started`, end it, and give what came back.

        Raises RefusedError when the box refuses, BoxUnreachableError when it does not come back in time.
        """
        sequence = 0
        while True:
            try:
                self.send(started, sequence)
                summary = self._connection.call("stream.end", {})
                answers = self._connection.wait_for_answers(summary["packets_out"])
            except BoxUnreachableError:
                sequence = self._resume(started)
            else:
                break
        packets = list(self._spoken(answers))
        received = np.frombuffer(b"".join(packet.payload for packet in packets), dtype="<i2").astype(np.int16)
        delay = started["delay_samples"]
        return StreamedAudio(received[delay : delay + len(self._samples)], packets, started, summary)

    def send(self, started: dict[str, Any], first: int = 0) -> None:
        """Send everything from packet number `first` on."""
        size = self._packet_samples
        window = max(1, started["limits"]["max_backlog_packets"] // 2)
        begun_s = time.monotonic() - first * self._pace_ms / 1000
        for sequence in range(first, -(-len(self._samples) // size)):
            chunk = self._samples[sequence * size : (sequence + 1) * size]
            payload = np.pad(chunk, (0, size - len(chunk))).astype("<i2").tobytes()
            if self._pace_ms:
                time.sleep(max(0.0, begun_s + sequence * self._pace_ms / 1000 - time.monotonic()))
            else:
                self._connection.wait_for_answers(sequence - window)
            timestamp_ms = round(1000 * (time.monotonic() - begun_s))
            self._connection.send_audio(AudioPacket(KIND_AUDIO, 0, sequence, timestamp_ms, payload))

    def _resume(self, started: dict[str, Any]) -> int:
        """Connect anew; gives the number of the next packet that the box wants."""
        resume = started["resume"]
        given_up_s = time.monotonic() + resume["grace_s"]
        while True:
            request = {
                "stream_id": started["stream_id"],
                "key": resume["key"],
                "next_answer": self._connection.answered,
            }
            try:
                return int(self._connection.call("stream.resume", request)["next_sequence"])
            except BoxUnreachableError:
                if time.monotonic() >= given_up_s:
                    raise
            time.sleep(_RETRY_S)

    def _spoken(self, answers: list[AudioPacket]) -> Iterator[AudioPacket]:
        silent = bytes(2 * self._packet_samples)
        for answer in answers:
            if answer.kind != KIND_SILENCE:
                yield answer
                continue
            for sequence in range(answer.sequence, answer.sequence + silent_packets(answer)):
                yield AudioPacket(KIND_AUDIO, FLAG_GAP, sequence, 0, silent)
