"""A recording on its way through a live stream, however often the connection breaks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_server.client_http import BoxUnreachableError, RefusedError
from edge_server.errors import ResumeFailedError
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

    def connect(self) -> None:
        """Connect, if there is no connection."""

    def call(self, event: str, argument: Any, anew: bool = True) -> dict[str, Any]:
        """Send a control event, over a new connection if there is none and `anew`, and give what its acknowledgement holds."""

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one audio packet."""

    def wait_for_answers(self, count: int) -> list[AudioPacket]:
        """All answers so far, once they answer `count` packets."""

    @property
    def next_answer(self) -> int:
        """The number after the last one that was answered."""

    @property
    def goodbye(self) -> dict[str, Any] | None:
        """Why the box has ended this connection, if it has said so."""


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

        Raises RefusedError when the box refuses, BoxUnreachableError when it does not come back in time, or had ended the
        stream as it was asked to when the connection broke before all answers came.
        """
        sequence, ending = 0, False
        while True:
            try:
                if not ending:
                    self.send(started, sequence)
                ending = True
                summary = self._connection.call("stream.end", {}, anew=False)
                answers = self._connection.wait_for_answers(summary["packets_out"])
            except BoxUnreachableError as broken:
                if ending and (came := self._whole(started)):
                    summary, answers = {"packets_out": len(came)}, came
                    break
                sequence, ending = self._resume_after(broken, started, ending), False
            else:
                break
        packets = _spoken(answers, self._packet_samples)
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

    def _whole(self, started: dict[str, Any]) -> list[AudioPacket]:
        """All answers if every sample has come, else none."""
        answers = self._connection.wait_for_answers(0)
        came_bytes = sum(len(packet.payload) for packet in _spoken(answers, self._packet_samples))
        return answers if came_bytes >= 2 * (started["delay_samples"] + len(self._samples)) else []

    def _resume_after(self, broken: BoxUnreachableError, started: dict[str, Any], ending: bool) -> int:
        """Resume; what a box ended as it was asked to, it cannot go on with, and then the break itself is what is wrong."""
        try:
            return self._resume(started)
        except RefusedError as refusal:
            if ending and refusal.refused_code == ResumeFailedError.code:
                raise broken from refusal
            raise

    def _resume(self, started: dict[str, Any]) -> int:
        """Connect anew; gives the number of the next packet that the box wants."""
        if (goodbye := self._connection.goodbye) is not None:
            raise RefusedError(goodbye)
        resume = started["resume"]
        given_up_s = time.monotonic() + resume["grace_s"]
        while True:
            try:
                self._connection.connect()
                request = {
                    "stream_id": started["stream_id"],
                    "key": resume["key"],
                    "next_answer": self._connection.next_answer,
                }
                return int(self._connection.call("stream.resume", request, anew=False)["next_sequence"])
            except BoxUnreachableError:
                if time.monotonic() >= given_up_s:
                    raise
            time.sleep(_RETRY_S)


def _spoken(answers: list[AudioPacket], packet_samples: int) -> list[AudioPacket]:
    """The answers in order, silence in packets of its own; what came although silence stands for it counts."""
    silent = bytes(2 * packet_samples)
    by_number: dict[int, AudioPacket] = {}
    for answer in answers:
        if answer.kind == KIND_SILENCE:
            for sequence in range(answer.sequence, answer.sequence + silent_packets(answer)):
                by_number.setdefault(sequence, AudioPacket(KIND_AUDIO, FLAG_GAP, sequence, 0, silent))
        else:
            by_number[answer.sequence] = answer
    return [by_number[sequence] for sequence in sorted(by_number)]
