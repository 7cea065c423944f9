"""Those who have more to be read take turns, and all of them together leave the loop to the others."""

from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
import pytest

from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.websocket_frames import BINARY, PING
from tests.transport.loop_work import LoopWork
from tests.transport.paired_websocket import PairedWebSocket, until
from tests.transport.test_websocket_frames import masked

WORK_S = 0.0004
MOST_IN_A_ROUND = 3
"""A round goes on while it has taken less than a millisecond."""


class HandTimer:
    """A timer of a loop that fires when it is told to."""

    def __init__(self) -> None:
        self.active = False
        self._fire: Callable[[], None] = lambda: None

    def again(self, fire: Callable[[], None]) -> None:
        self.active, self._fire = True, fire

    def stop(self) -> None:
        self.active = False

    def fire(self) -> None:
        self._fire()


class HandLoop:
    """A loop whose one timer is turned by hand."""

    def __init__(self) -> None:
        self.timer_ = HandTimer()

    def timer(self, after_s: float, repeat: float) -> HandTimer:
        return self.timer_


class HandRing(TurnRing):
    """A ring that is crowded, or not, and whose turns come when they are told to."""

    def __init__(self, is_crowded: bool = True) -> None:
        super().__init__(gevent.get_hub().loop)
        self.turns: deque[tuple[Callable[[], None], bool]] = deque()
        self._is_crowded = is_crowded

    @property
    def is_crowded(self) -> bool:
        return self._is_crowded

    def join(self, turn: Callable[[], None], is_audio: bool) -> None:
        self.turns.append((turn, is_audio))

    def give_turn(self) -> bool:
        """Give the next one its turn, and say whether it came as audio."""
        turn, is_audio = self.turns.popleft()
        turn()
        return is_audio


def rounds_of(loop: HandLoop, served: list[Any]) -> list[list[Any]]:
    """What was served in each round, until nobody waits."""
    rounds = []
    while loop.timer_.active:
        before = len(served)
        loop.timer_.fire()
        rounds.append(served[before:])
    return rounds


def test_everyone_in_line_has_a_turn_before_anyone_has_another_and_rounds_are_short() -> None:
    loop, work, served = HandLoop(), LoopWork(WORK_S), list[int]()
    ring = TurnRing(loop)

    def turn(who: int, left: int) -> None:
        work()
        served.append(who)
        if left:
            ring.join(lambda: turn(who, left - 1), is_audio=False)

    for who in range(30):
        ring.join(lambda who=who: turn(who, 2), is_audio=False)  # type: ignore[misc]
    assert ring.is_crowded
    rounds = rounds_of(loop, served)
    assert served == [*range(30)] * 3
    assert max(map(len, rounds)) <= MOST_IN_A_ROUND
    assert not ring.is_crowded


def test_audio_has_a_turn_in_every_round_whoever_stands_in_line() -> None:
    loop, work, served = HandLoop(), LoopWork(WORK_S), list[str]()
    ring = TurnRing(loop)

    def turn(who: str, is_audio: bool, left: int) -> None:
        if not is_audio:
            work()
        served.append(who)
        if left:
            ring.join(lambda: turn(who, is_audio, left - 1), is_audio)

    for _ in range(40):
        ring.join(lambda: turn("flood", False, 0), is_audio=False)
    for who in ("a", "b"):
        ring.join(lambda who=who: turn(who, True, 3), is_audio=True)  # type: ignore[misc]
    rounds = rounds_of(loop, served)
    assert [found[:2] for found in rounds[:4]] == [["a", "b"]] * 4
    assert served.count("flood") == 40


class Listening:
    """A WebSocket whose sink takes everything, on a ring that is turned by hand."""

    def __init__(self, is_crowded: bool) -> None:
        self.ring = HandRing(is_crowded)
        self.paired = PairedWebSocket(ring=self.ring)
        self.taken: list[bytes] = []
        self.paired.websocket.admit(1 << 20)
        self.paired.websocket.listen(self._take)

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self.paired.websocket.cut()
        until(self.paired.reader.ready)

    def send(self, *frames: bytes) -> None:
        """Send these in one piece, and wait until the first of them were read."""
        self.paired.near.sendall(b"".join(frames))
        until(lambda: len(self.ring.turns) == 1)

    def _take(self, message: bytes | bytearray) -> bool:
        self.taken.append(bytes(message))
        return True


@pytest.mark.parametrize(("is_crowded", "at_once"), [(True, 4), (False, 16)])
def test_who_has_sent_much_reads_less_at_once_while_others_wait(is_crowded: bool, at_once: int) -> None:
    sent = [b"%d" % number for number in range(30)]
    with Listening(is_crowded) as it:
        it.send(*(masked(BINARY, message) for message in sent))
        assert it.taken == sent[:at_once]
        while it.ring.turns:
            assert it.ring.give_turn() is True
        assert it.taken == sent
        # And it goes on to read what comes then.
        it.paired.near.sendall(masked(BINARY, b"later"))
        until(lambda: it.taken[-1] == b"later")


def test_who_sends_anything_else_stands_in_line() -> None:
    with Listening(is_crowded=True) as it:
        it.send(
            *(masked(BINARY, b"x") for _ in range(3)), masked(PING, b""), *(masked(BINARY, b"x") for _ in range(20))
        )
        assert len(it.taken) == 3
        assert it.ring.give_turn() is False
        # Its last turn was audio alone.
        assert it.ring.give_turn() is True
        assert len(it.taken) == 23


def test_who_has_gone_is_not_served() -> None:
    with Listening(is_crowded=True) as it:
        it.send(*(masked(BINARY, b"x") for _ in range(9)))
        it.paired.websocket.cut()
        it.ring.give_turn()
        assert len(it.taken) == 4


def test_of_a_stranger_one_message_is_read_at_a_time() -> None:
    ring = HandRing(is_crowded=False)
    paired = PairedWebSocket(ring=ring)
    paired.near.sendall(b"".join(masked(BINARY, b"%d" % number) for number in range(3)))
    for count in (1, 2, 3):
        until(lambda count=count: len(paired.messages) == count)  # type: ignore[misc]
        if ring.turns:
            ring.give_turn()
    assert paired.messages == [b"0", b"1", b"2"]
    paired.websocket.cut()
    until(paired.reader.ready)


def test_a_defect_in_ones_turn_ends_one_connection_and_no_others_turns() -> None:
    ring = TurnRing(gevent.get_hub().loop)
    broken, good = PairedWebSocket(ring=ring), PairedWebSocket(ring=ring)
    taken: list[bytes] = []

    def take_until_it_breaks(message: bytes | bytearray) -> bool:
        if message == b"break":
            raise KeyError("type")
        return True

    def take(message: bytes | bytearray) -> bool:
        taken.append(bytes(message))
        return True

    for paired, sink in ((broken, take_until_it_breaks), (good, take)):
        paired.websocket.listen(sink)
        paired.websocket.admit(1 << 20)
    audio = masked(BINARY, b"audio")
    # Both have more than one turn, so that both stand in the ring; the broken one before the good one.
    broken.near.sendall(audio * 16 + masked(BINARY, b"break"))
    good.near.sendall(audio * 40)
    until(lambda: len(taken) == 40)
    assert broken.near.recv(100)[:4] == b"\x88" + bytes((2 + len("a defect of the box"),)) + (1011).to_bytes(2, "big")
    until(broken.reader.ready)
    good.websocket.cut()
    until(good.reader.ready)
