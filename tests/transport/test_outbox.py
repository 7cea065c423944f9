from edge_server.transport.outbox import Outbox


def filled(outbox: Outbox, *frames: bytes, is_audio: bool = True) -> Outbox:
    for frame in frames:
        outbox.append(frame, is_audio)
    return outbox


def taken(outbox: Outbox) -> list[bytes]:
    frames = []
    while len(outbox):
        frames.append(outbox.next())
        outbox.sent(len(frames[-1]))
    return frames


def test_frames_go_out_in_order_also_in_pieces() -> None:
    outbox = filled(Outbox(8, 100), b"first", b"second")
    outbox.sent(3)
    assert (outbox.next(), outbox.bytes_waiting) == (b"st", 8)
    assert taken(outbox) == [b"st", b"second"]
    assert outbox.bytes_waiting == 0


def test_too_much_audio_drops_the_oldest_that_is_not_under_way() -> None:
    outbox = filled(Outbox(3, 1000), b"a0", b"a1", b"a2", b"a3", b"a4")
    assert outbox.dropped == 2
    assert taken(outbox) == [b"a0", b"a3", b"a4"]


def test_all_that_is_dropped_is_told_also_after_the_client_caught_up() -> None:
    outbox, told = Outbox(3, 1000), []
    outbox.on_dropped = lambda: told.append(outbox.dropped)
    for _ in range(2):
        taken(filled(outbox, *[b"a"] * 5))
    # What is no audio is never dropped, but audio makes way for it.
    filled(outbox, *[b"a"] * 3)
    filled(outbox, b"notice", b"notice", is_audio=False)
    assert told == [1, 2, 1, 2, 1, 2]


def test_what_is_not_audio_is_never_dropped() -> None:
    outbox = Outbox(3, 1000)
    filled(outbox, b"answer", is_audio=False)
    filled(outbox, b"a1")
    filled(outbox, b"notice", is_audio=False)
    filled(outbox, b"a2", b"a3")
    assert taken(outbox) == [b"answer", b"notice", b"a3"]


def test_a_client_is_too_slow_when_as_much_was_dropped_as_may_wait() -> None:
    outbox = filled(Outbox(3, 1000), *[b"a"] * 5)
    assert not outbox.too_slow
    assert filled(outbox, b"a").too_slow


def test_a_client_that_catches_up_starts_anew() -> None:
    outbox = filled(Outbox(3, 1000), *[b"a"] * 5)
    taken(outbox)
    assert not filled(outbox, *[b"a"] * 5).too_slow


def test_a_client_is_too_slow_for_bytes_beside_the_largest_frame() -> None:
    outbox = filled(Outbox(8, 10), b"x" * 50, is_audio=False)
    assert not outbox.too_slow
    # Live audio goes on behind a clip.
    assert not filled(outbox, b"y" * 5, b"y" * 5).too_slow
    assert filled(outbox, b"y").too_slow


def test_of_a_large_frame_that_is_half_on_its_way_only_the_rest_counts() -> None:
    outbox = filled(Outbox(8, 10), b"x" * 50, is_audio=False)
    outbox.sent(48)
    assert not filled(outbox, b"y" * 8).too_slow
    assert filled(outbox, b"y" * 8, b"y" * 3).too_slow


def test_the_rest_of_a_large_frame_is_looked_at_and_not_copied() -> None:
    recording = bytes(1000)
    outbox = filled(Outbox(8, 10), recording, is_audio=False)
    outbox.sent(10)
    rest = outbox.next()
    assert isinstance(rest, memoryview)
    assert (rest.obj, len(rest)) == (recording, 990)


def test_a_client_is_too_slow_for_what_cannot_be_dropped() -> None:
    outbox = filled(Outbox(3, 1000), *[b"n"] * 6, is_audio=False)
    assert not outbox.too_slow
    assert filled(outbox, b"n", is_audio=False).too_slow
