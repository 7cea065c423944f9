"""Clients whose clock jumps, over each lane whose packets carry its time; those of the raw lane carry none."""

import pytest

from edge_server.transport.packets import KIND_AUDIO, AudioPacket, encode_packet
from tests.running_box import Box
from tests.security.bystander import RATE_HZ, Words
from tests.transport.test_plain_and_polling import StockClient

PACKET = 320
HOUR_MS = 3_600_000
JUMPS_MS = (0, 2**32 - 1, 5, 3 * HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 7, 2**31)

pytestmark = pytest.mark.usefixtures("bystander")


@pytest.mark.parametrize("serializer", ["default", "msgpack"])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_times_that_jump_are_given_back_and_move_nothing(
    box: Box, words: Words, transport: str, serializer: str
) -> None:
    payloads = [words.said[at : at + PACKET].tobytes() for at in range(0, len(words.said), PACKET)]
    sent_ms = [JUMPS_MS[number % len(JUMPS_MS)] for number in range(len(payloads))]
    client = StockClient(box, [transport], serializer)
    started = client.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET})
    for number, (timestamp_ms, payload) in enumerate(zip(sent_ms, payloads, strict=True)):
        packet = AudioPacket(KIND_AUDIO, 0, number, timestamp_ms, payload)
        client.socket.emit("audio", encode_packet(packet), namespace="/audio")
        client.wait_for(number - 10)
    summary = client.call("stream.end", {})
    client.wait_for(int(str(summary["packets_out"])))
    client.socket.disconnect()
    answers = sorted(client.answers, key=lambda answer: answer.sequence)
    assert [answer.timestamp_ms for answer in answers[: len(sent_ms)]] == sent_ms
    # Neither late nor filled up.
    assert not any(answer.flags for answer in answers)
    heard = b"".join(answer.payload for answer in answers)
    assert heard[2 * int(str(started["delay_samples"])) :] == words.expected.astype("<i2").tobytes()
