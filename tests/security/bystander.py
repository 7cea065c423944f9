"""Someone who speaks on a box while somebody else does it harm."""

import threading
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_server.client_stream import StreamedAudio
from edge_server.transport.packets import FLAG_LATE
from tests.running_box import Box

RATE_HZ = 16000
LONGEST_ROUND_S = 4.0
"""A round takes a tenth of a second, and on a machine that is busy with other things ten times as long. What the
milliseconds of others cost is measured by `scripts/bench hostile`; here nobody may keep the box to himself."""
PING_TIMEOUT_S = 5
"""Nobody may be cut off who is only as slow as such a round."""


class Words(NamedTuple):
    """What is said, and what has to be heard."""

    said: NDArray[np.int16]
    expected: NDArray[np.int16]


class _Round(NamedTuple):
    heard: StreamedAudio
    took_s: float


class Bystander:
    """Says the same over one connection again and again until it may go; made once it was heard a first time."""

    def __init__(self, box: Box, words: Words) -> None:
        self._box = box
        self._words = words
        self._may_go = threading.Event()
        self._was_heard = threading.Event()
        self._rounds: list[_Round] = []
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._talk_or_fail, name="bystander")
        self._thread.start()
        self._was_heard.wait()

    def leave(self) -> None:
        """Let it go after one more whole round."""
        self._may_go.set()
        self._thread.join()

    def assert_undisturbed(self) -> None:
        """Raise what it died of; hold that it heard all rounds as they have to be, in time, and one after its leave."""
        if self._failure is not None:
            raise self._failure
        for heard, took_s in self._rounds:
            assert np.array_equal(heard.samples, self._words.expected)
            assert not any(packet.flags & FLAG_LATE for packet in heard.packets)
            assert took_s < LONGEST_ROUND_S, "the box let someone wait who did it no harm"

    def _talk_or_fail(self) -> None:
        try:
            self._talk()
        except BaseException as failure:
            self._failure = failure
        finally:
            self._was_heard.set()

    def _talk(self) -> None:
        with self._box.client() as client:
            is_last = False
            while not is_last:
                # Of one that runs already nobody knows whether it was over before the harm began.
                is_last = self._may_go.is_set()
                began_s = time.monotonic()
                heard = client.stream(self._words.said, RATE_HZ, realtime=False)
                self._rounds.append(_Round(heard, time.monotonic() - began_s))
                self._was_heard.set()
