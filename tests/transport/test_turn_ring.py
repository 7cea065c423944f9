"""Those who have more to be read take turns, and all of them together leave the loop to the others."""

import itertools
from collections import deque
from collections.abc import Callable

import gevent

from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.websocket_frames import BINARY
from tests.transport.loop_work import LoopWork
from tests.transport.paired_websocket import PairedWebSocket, until
from tests.transport.test_websocket_frames import masked

WORK_S = 0.0004
MOST_IN_A_ROUND = 4
"""A round goes on while it has taken less than a millisecond."""


class IdleRing(TurnRing):
    """A ring where somebody waits always, and nobody's turn comes until it is told to."""

    def __init__(self) -> None:
        super().__init__(gevent.get_hub().loop)
        self.turns: deque[Callable[[], None]] = deque()

    def __len__(self) -> int:
        return 1 + len(self.turns)

    def join(self, turn: Callable[[], None]) -> None:
        self.turns.append(turn)


def test_everyone_has_a_turn_before_anyone_has_another_and_others_do_between_rounds() -> None:
    ring, work = TurnRing(gevent.get_hub().loop), LoopWork(WORK_S)
    served: list[tuple[int, int]] = []
    looks = itertools.count()
    look = 0

    def others() -> None:
        nonlocal look
        while True:
            look = next(looks)
            gevent.sleep(0.001)

    def turn(who: int, left: int) -> None:
        work()
        served.append((who, look))
        if left:
            ring.join(lambda: turn(who, left - 1))

    for who in range(30):
        ring.join(lambda who=who: turn(who, 2))  # type: ignore[misc]
    watcher = gevent.spawn(others)
    until(lambda: len(served) == 90)
    watcher.kill()
    assert [who for who, _ in served] == [*range(30)] * 3
    rounds = [len(list(group)) for _, group in itertools.groupby(served, lambda turn: turn[1])]
    assert max(rounds) <= MOST_IN_A_ROUND
    assert len(ring) == 0


def test_who_has_sent_much_reads_little_at_once_while_others_wait() -> None:
    ring = IdleRing()
    paired, taken = PairedWebSocket(ring=ring), []

    def take(message: bytes | bytearray) -> bool:
        taken.append(bytes(message))
        return True

    paired.websocket.admit(1 << 20)
    paired.websocket.listen(take)
    sent = [b"%d" % number for number in range(30)]
    paired.near.sendall(b"".join(masked(BINARY, message) for message in sent))
    until(lambda: len(ring.turns) == 1)
    assert taken == sent[:4]
    for _ in range(2):
        ring.turns.popleft()()
    assert taken == sent
    assert not ring.turns
    # And it goes on to read what comes then.
    paired.near.sendall(masked(BINARY, b"later"))
    until(lambda: taken[-1] == b"later")
    paired.websocket.cut()
    until(paired.reader.ready)


def test_of_a_stranger_one_message_is_read_at_once() -> None:
    ring = IdleRing()
    paired = PairedWebSocket(ring=ring)
    paired.near.sendall(b"".join(masked(BINARY, b"%d" % number) for number in range(3)))
    until(lambda: len(ring.turns) == 1)
    until(lambda: len(paired.messages) == 1)
    ring.turns.popleft()()
    until(lambda: paired.messages == [b"0", b"1", b"2"])
    paired.websocket.cut()
    until(paired.reader.ready)


def test_who_has_gone_is_not_served() -> None:
    ring = IdleRing()
    paired, taken = PairedWebSocket(ring=ring), []

    def take(message: bytes | bytearray) -> bool:
        taken.append(message)
        return True

    paired.websocket.admit(1 << 20)
    paired.websocket.listen(take)
    paired.near.sendall(b"".join(masked(BINARY, b"x") for _ in range(9)))
    until(lambda: len(ring.turns) == 1)
    paired.websocket.cut()
    ring.turns.popleft()()
    assert len(taken) == 4
    until(paired.reader.ready)
