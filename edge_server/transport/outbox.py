"""What waits for a client that does not take it at once: bounded, oldest audio first to go. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple


def nothing(*heard: object) -> None:
    """Hear something and do nothing: what is called in the place of somebody who is not there."""


class _Waiting(NamedTuple):
    data: bytes
    is_audio: bool


class Outbox:
    """Frames in the order in which they are to be sent.

    Beyond `max_packets` the oldest audio is dropped; beyond twice as many, or `max_bytes` beside the largest frame, the
    client is `too_slow`. `dropped` counts what was dropped since it last caught up; `on_dropped` hears of every frame.
    """

    __slots__ = ("_frames", "_max_bytes", "_max_packets", "_sent_bytes", "bytes_waiting", "dropped", "on_dropped")

    def __init__(self, max_packets: int, max_bytes: int) -> None:
        self._max_packets = max_packets
        self._max_bytes = max_bytes
        self._frames: deque[_Waiting] = deque()
        # Of the first frame: what is left of it is looked at, and never copied, since it may be a whole recording.
        self._sent_bytes = 0
        self.bytes_waiting = 0
        self.dropped = 0
        self.on_dropped: Callable[[], None] = nothing

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def too_slow(self) -> bool:
        """Whether more waits than a client may let wait, or as much audio was dropped."""
        return self.dropped >= self._max_packets or self._overfull or self._too_many_bytes

    def append(self, data: bytes, is_audio: bool) -> None:
        """Let a frame wait; too much audio makes room for it."""
        self._frames.append(_Waiting(data, is_audio))
        self.bytes_waiting += len(data)
        if len(self._frames) > self._max_packets:
            self._drop_oldest_audio()

    def next(self) -> bytes | memoryview:
        """What is to be sent next, until `sent` says how much of it was."""
        data = self._frames[0].data
        return memoryview(data)[self._sent_bytes :] if self._sent_bytes else data

    def sent(self, size: int) -> None:
        """Hear that so many bytes of `next` are gone."""
        self.bytes_waiting -= size
        self._sent_bytes += size
        if self._sent_bytes == len(self._frames[0].data):
            self._frames.popleft()
            self._sent_bytes = 0
            if not self._frames:
                self.dropped = 0

    def forget(self) -> None:
        """Let go of who hears of dropped audio."""
        self.on_dropped = nothing

    @property
    def _too_many_bytes(self) -> bool:
        if self.bytes_waiting <= self._max_bytes:
            return False
        # A clip may be on its way, and live audio goes on behind it.
        waiting = [len(frame.data) for frame in self._frames]
        waiting[0] -= self._sent_bytes
        return self.bytes_waiting - max(waiting) > self._max_bytes

    @property
    def _overfull(self) -> bool:
        return len(self._frames) > 2 * self._max_packets

    def _drop_oldest_audio(self) -> None:
        # The first one may be half on its way, and TLS wants to be given again what it could not take.
        for index in range(1, len(self._frames)):
            if self._frames[index].is_audio:
                self.bytes_waiting -= len(self._frames[index].data)
                del self._frames[index]
                self.dropped += 1
                self.on_dropped()
                return
