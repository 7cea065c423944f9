"""Who makes the loop work rests between messages, and its audio does not wait for that."""

from time import monotonic, thread_time

from edge_server.transport.websocket_frames import BINARY, TEXT
from tests.transport.paired_websocket import PairedWebSocket, until
from tests.transport.test_websocket_frames import masked

LONGEST_REST_S = 0.05


class Work:
    """Takes the loop's thread for so long, again and again, and tells when it was done."""

    def __init__(self, work_s: float) -> None:
        self.done_s: list[float] = []
        self._work_s = work_s

    def __call__(self) -> None:
        until_s = thread_time() + self._work_s
        while thread_time() < until_s:
            pass
        self.done_s.append(monotonic())


def test_messages_that_cost_the_loop_time_are_spread() -> None:
    work = Work(0.02)
    paired = PairedWebSocket(work=work)
    paired.near.sendall(b"".join(masked(TEXT, b"%d" % number) for number in range(5)))
    until(lambda: len(paired.messages) == 5)
    # Each comes when the one before has been rested from.
    waits_s = [later - earlier for earlier, later in zip(work.done_s, work.done_s[1:], strict=False)]
    assert all(wait_s >= LONGEST_REST_S for wait_s in waits_s)
    paired.websocket.cut()
    until(paired.reader.ready)


def test_audio_does_not_rest_with_the_reader() -> None:
    work = Work(0.06)
    paired, taken_s = PairedWebSocket(work=work), []

    def take(message: bytes | bytearray) -> bool:
        taken_s.append(monotonic())
        return True

    paired.websocket.listen(take)
    paired.near.sendall(masked(TEXT, b"1"))
    until(lambda: len(paired.messages) == 1)
    paired.near.sendall(masked(BINARY, b"audio") + masked(TEXT, b"2") + masked(BINARY, b"behind it"))
    until(lambda: len(paired.messages) == 3)
    assert paired.messages[1:] == ["2", b"behind it"]
    assert len(taken_s) == 1
    assert work.done_s[0] < taken_s[0] < work.done_s[1] - LONGEST_REST_S
    paired.websocket.cut()
    until(paired.reader.ready)
