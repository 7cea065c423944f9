"""Who makes the loop work rests between messages, and its audio does not wait for that."""

from time import monotonic

from edge_server.transport.websocket_frames import BINARY, TEXT
from tests.transport.loop_work import LoopWork
from tests.transport.paired_websocket import PairedWebSocket, until
from tests.transport.test_websocket_frames import masked

LONGEST_REST_S = 0.05


def test_messages_that_cost_the_loop_time_are_spread() -> None:
    work = LoopWork(0.02)
    paired = PairedWebSocket(work=work)
    paired.near.sendall(b"".join(masked(TEXT, b"%d" % number) for number in range(5)))
    until(lambda: len(paired.messages) == 5)
    # Each comes when the one before has been rested from.
    assert all(wait_s >= LONGEST_REST_S for wait_s in work.waits_s)
    paired.websocket.cut()
    until(paired.reader.ready)


def test_audio_does_not_rest_with_the_reader() -> None:
    work = LoopWork(0.06)
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
