"""What happens to live streams on the wire."""

import threading
from pathlib import Path

import msgpack
import numpy as np
import pytest

from edge_server.audio.pcm import to_s16
from edge_server.client import DenoiseClient, StreamedAudio
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import FLAG_GAP, KIND_AUDIO, AudioPacket, decode_answer, encode_packet
from tests.conftest import Voice
from tests.raw_client import RawClient
from tests.running_box import Box, running_box

PACKET = 320
START = {"sample_rate_hz": 16000, "packet_samples": PACKET, "suppression_limit_db": None}


def send(client: DenoiseClient, samples: np.ndarray, numbers: range) -> None:  # type: ignore[type-arg]
    for number in numbers:
        payload = samples[number * PACKET : (number + 1) * PACKET].astype("<i2").tobytes()
        client.send_audio(AudioPacket(KIND_AUDIO, 0, number, 20 * number, payload))


def test_streams_in_one_batch_sound_as_alone(box: Box, noisy_voice: Voice, tiny_model: ModelFile) -> None:
    voices = [to_s16(noisy_voice(rate, 2.0, rate + seed)) for seed, rate in enumerate((16000, 16000, 48000, 8000))]
    rates = (16000, 16000, 48000, 8000)
    results: dict[int, StreamedAudio] = {}

    def talk(index: int) -> None:
        with box.client() as client:
            results[index] = client.stream(voices[index], rates[index], realtime=False)

    threads = [threading.Thread(target=talk, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, rate in enumerate(rates):
        alone = to_s16(denoise_samples(tiny_model, voices[index].astype(np.float32) / 32768, rate))
        assert np.array_equal(results[index].samples, alone)
    assert sum(box.service.engine.stats().batch_sizes[2:]) > 0


def test_a_gap_is_filled_answered_and_counted(box: Box, noisy_voice: Voice, tiny_model: ModelFile) -> None:
    samples = to_s16(noisy_voice(16000, 1.0, 11))
    with box.client() as client:
        started = client.call("stream.start", START)
        send(client, samples, range(0, 20))
        send(client, samples, range(25, 50))
        summary = client.call("stream.end", {})
        packets = client.wait_for_answers(summary["packets_out"])
    assert [packet.sequence for packet in packets] == list(range(len(packets)))
    assert [packet.sequence for packet in packets if packet.flags & FLAG_GAP] == [25]
    assert (summary["lost_packets"], summary["packets_in"], summary["samples_in"]) == (5, 45, 50 * PACKET)
    silenced = samples.copy()
    silenced[20 * PACKET : 25 * PACKET] = 0
    expected = to_s16(denoise_samples(tiny_model, silenced.astype(np.float32) / 32768, 16000))
    received = np.frombuffer(b"".join(packet.payload for packet in packets), "<i2")
    assert np.array_equal(received[started["delay_samples"] :][: len(samples)], expected)


def test_timestamps_are_echoed(box: Box) -> None:
    with box.client() as client:
        client.call("stream.start", START)
        send(client, np.zeros(10 * PACKET, np.int16), range(10))
        assert [packet.timestamp_ms for packet in client.wait_for_answers(10)] == list(range(0, 200, 20))


def test_the_suppression_limit_changes_while_the_stream_runs(box: Box, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(16000, 3.0, 12))
    half = len(samples) // 2 // PACKET
    with box.client() as client:
        started = client.call("stream.start", START)
        send(client, samples, range(0, 50))
        client.wait_for_answers(50)
        send(client, samples, range(50, half))
        assert client.call("stream.set", {"suppression_limit_db": 0})["suppression_limit_db"] == 0
        for begin in range(half, 150, 25):
            client.wait_for_answers(begin)
            send(client, samples, range(begin, min(begin + 25, 150)))
        packets = client.wait_for_answers(client.call("stream.end", {})["packets_out"])
    received = np.frombuffer(b"".join(packet.payload for packet in packets), "<i2")
    aligned = received[started["delay_samples"] :][: len(samples)].astype(int)
    difference = np.abs(aligned - samples)
    assert difference[: half * PACKET // 2].max() > 100
    # The change ramps over a few frames; a quarter of a second later all of it is dry.
    assert difference[(half + 13) * PACKET :].max() <= 1


def test_a_session_can_stream_again_and_again(box: Box, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(16000, 0.5, 13))
    with box.client() as client:
        first, second = (client.stream(samples, 16000, realtime=False) for _ in range(2))
    assert np.array_equal(first.samples, second.samples)
    assert first.started["stream_id"] != second.started["stream_id"]


def test_an_empty_stream_has_an_empty_summary(box: Box) -> None:
    with box.client() as client:
        client.call("stream.start", START)
        summary = client.call("stream.end", {})
    assert summary["samples_in"] == 0
    assert summary["latency_ms_p99"] == 0.0


def test_a_client_that_leaves_frees_its_slot(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, max_streams=1) as box:
        for _ in range(6):
            # Each is admitted as soon as the box has seen the last one go.
            with box.client() as client:
                _start_when_free(client)


def test_frames_past_their_deadline_come_back_dry_and_flagged(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    samples = to_s16(noisy_voice(16000, 0.5, 14))
    with running_box(tiny_model_path, tmp_path) as box:
        # A deadline that has always passed: every frame is late.
        object.__setattr__(box.service._voices.context, "deadline_s", -1000.0)
        with box.client() as client:
            streamed = client.stream(samples, 16000, realtime=False)
    assert streamed.summary["late_frames"] > 0
    assert all(packet.flags & 1 for packet in streamed.packets[2:])
    assert np.abs(streamed.samples.astype(int) - samples).max() <= 1


def _start_when_free(client: DenoiseClient) -> None:
    for _ in range(1000):
        try:
            client.call("stream.start", START)
        except Exception as error:
            if getattr(error, "refused_code", "") != "too_many_streams":
                raise
        else:
            return
    raise EngineFailedError("The slot was never freed.")


def test_realtime_pace_is_kept_by_the_client(box: Box) -> None:
    with box.client() as client:
        streamed = client.stream(np.zeros(4800, np.int16), 16000, packet_ms=20, realtime=True)
    stamps = [packet.timestamp_ms for packet in streamed.packets if packet.kind == KIND_AUDIO]
    assert stamps == sorted(stamps)
    assert stamps[-1] >= 20 * (len(stamps) - 1) - 1


@pytest.mark.parametrize("count", [1, 319, 321])
def test_odd_numbers_of_samples_come_back_as_many(box: Box, noisy_voice: Voice, count: int) -> None:
    samples = to_s16(noisy_voice(16000, 1.0, 15))[:count]
    with box.client() as client:
        assert client.stream(samples, 16000, realtime=False).samples.shape == (count,)


def test_an_array_buffer_as_node_packs_it_is_audio_too(box: Box) -> None:
    with RawClient(box) as client:
        client.join(box.token())
        client.call("stream.start", START)
        packet = encode_packet(AudioPacket(KIND_AUDIO, 0, 0, 0, bytes(2 * PACKET)))
        client.emit("audio", msgpack.ExtType(0, packet))
        assert decode_answer(client.receive_event("audio")).sequence == 0
