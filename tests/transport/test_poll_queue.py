from gevent.queue import Empty

from edge_server.transport.poll_queue import MAX_ANSWER_PACKETS, PollQueue


def answer(queue: PollQueue) -> list[str | bytes | None]:
    """What python-engineio takes for one answer."""
    taken = [queue.get(timeout=1)]
    try:
        while True:
            taken.append(queue.get(block=False))
    except Empty:
        return [message and message.data for message in taken]


def test_dropped_audio_goes_with_its_attachment() -> None:
    queue = PollQueue()
    for number in range(3):
        queue.put_message([f"51-{number}", bytes(2)], is_audio=True)
        queue.put_message([f"2{number}"], is_audio=False)
    assert [queue.drop_oldest_audio() for _ in range(2)] == [True, True]
    assert answer(queue) == ["20", "21", "51-2", bytes(2), "22"]
    assert not queue.drop_oldest_audio()


def test_all_audio_is_dropped_and_nothing_else() -> None:
    queue = PollQueue()
    for number in range(3):
        queue.put_message([f"51-{number}", bytes(2)], is_audio=True)
        queue.put_message([f"51-{number}", bytes(3)], is_audio=False)
    queue.put(None)
    dropped: list[int] = []
    queue.on_dropped = lambda: dropped.append(queue.qsize())
    queue.drop_audio()
    # Told once for a packet, when its attachment is gone as well.
    assert dropped == [11, 9, 7]
    assert answer(queue) == ["51-0", bytes(3), "51-1", bytes(3), "51-2", bytes(3), None]
    assert queue.bytes_beside_the_largest() == 0


def test_an_answer_is_bounded_and_takes_a_text_with_its_attachment() -> None:
    queue = PollQueue()
    queue.put_message(["2"], is_audio=False)
    for number in range(20):
        queue.put_message([str(number), b"x"], is_audio=True)
    answers = [answer(queue) for _ in range(3)]
    assert [len(it) for it in answers] == [MAX_ANSWER_PACKETS - 1, MAX_ANSWER_PACKETS, 10]
    assert [it[-1] for it in answers] == [b"x"] * 3


def test_waiting_bytes_are_counted_beside_the_largest_message() -> None:
    queue = PollQueue()
    queue.put_message(["51-", bytes(50)], is_audio=True)
    queue.put_message(["2345"], is_audio=False)
    queue.put(None)
    assert queue.bytes_beside_the_largest() == 7
