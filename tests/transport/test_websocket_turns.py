"""Who makes the loop work rests between messages, and its audio does not wait for that."""

from time import monotonic

import gevent

from edge_server.transport.websocket_frames import BINARY, TEXT, encode_frame, frame_head
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


def test_who_is_parted_from_while_a_frame_goes_out_in_pieces_hears_so_behind_it() -> None:
    paired = PairedWebSocket()
    goodbye = encode_frame(TEXT, b"goodbye")
    paired.websocket.when_too_slow(lambda: paired.websocket.send_frame(goodbye))
    # More beside the largest than may wait: the second one makes the client too slow, in the midst of its pieces.
    files = [bytes([number]) * (2 << 20) for number in (1, 2)]
    for file in files:
        paired.websocket.send_frame(frame_head(BINARY, 1 + len(file) + 1), b"<", file, b">")
    expected = b"".join(encode_frame(BINARY, b"<" + file + b">") for file in files) + goodbye
    received = bytearray()
    with gevent.Timeout(20.0):
        while len(received) < len(expected):
            received += paired.near.recv(1 << 16)
    assert received == expected
    paired.websocket.cut()
    until(paired.reader.ready)
