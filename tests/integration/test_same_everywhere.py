"""The same audio through every way into the engine comes out the same, sample by sample."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_server.audio.geometry import SUPPORTED_RATES_HZ
from edge_server.audio.pcm import to_s16
from edge_server.client import DenoiseClient
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from tests.audio_files import decoded, encoded
from tests.conftest import Voice
from tests.running_box import Box


@pytest.mark.parametrize("rate_hz", [16000, 48000])
def test_stream_clip_request_and_command_agree(
    box: Box, noisy_voice: Voice, tiny_model_path: Path, tmp_path: Path, rate_hz: int
) -> None:
    samples = to_s16(noisy_voice(rate_hz, 2.345, 1))
    source = tmp_path / "noisy.wav"
    source.write_bytes(encoded(samples, rate_hz))
    with box.client() as client:
        streamed = client.stream(samples, rate_hz, packet_ms=20, realtime=False)
        clip, clip_rate_hz = decoded(client.clip(source.read_bytes()))
        posted, posted_rate_hz = decoded(client.post_clip(source.read_bytes()))
    command = [sys.executable, "-m", "edge_server", "denoise", str(source), "-o", str(tmp_path / "clean.wav")]
    subprocess.run([*command, "--model", str(tiny_model_path)], check=True, timeout=60)
    written, written_rate_hz = decoded((tmp_path / "clean.wav").read_bytes())

    assert (clip_rate_hz, posted_rate_hz, written_rate_hz) == (rate_hz, rate_hz, rate_hz)
    assert len(streamed.samples) == len(samples)
    assert streamed.summary["late_frames"] == 0
    assert not np.array_equal(streamed.samples, samples)
    assert np.array_equal(streamed.samples, written)
    assert np.array_equal(clip, written)
    assert np.array_equal(posted, written)


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
@pytest.mark.parametrize("packet_ms", [5, 20, 100])
def test_every_rate_and_packet_length_gives_back_what_went_in(
    box: Box, noisy_voice: Voice, tiny_model: ModelFile, rate_hz: int, packet_ms: int
) -> None:
    samples = to_s16(noisy_voice(rate_hz, 1.0, 2))
    with box.client() as client:
        streamed = client.stream(samples, rate_hz, packet_ms, realtime=False)
    packet_samples = round(rate_hz * packet_ms / 1000)
    packets = -(-len(samples) // packet_samples)
    assert streamed.started["sample_rate_hz"] == rate_hz
    assert streamed.summary["samples_in"] == packets * packet_samples
    assert streamed.summary["samples_out"] == packets * packet_samples + streamed.started["delay_samples"]
    assert [packet.sequence for packet in streamed.packets] == list(range(len(streamed.packets)))
    expected = to_s16(denoise_samples(tiny_model, samples.astype(np.float32) / 32768, rate_hz))
    assert np.array_equal(streamed.samples, expected)


def test_https_gives_the_same(box: Box, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(16000, 1.0, 3))
    with box.client() as client:
        plain = client.stream(samples, 16000, realtime=False)
    with DenoiseClient(box.https_url, box.token(), ca=box.certificate) as client:
        secure = client.stream(samples, 16000, realtime=False)
        clip, _ = decoded(client.post_clip(encoded(samples, 16000)))
    assert np.array_equal(secure.samples, plain.samples)
    assert np.array_equal(clip, plain.samples)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3"])
def test_every_container_is_read_and_the_answer_lines_up(box: Box, noisy_voice: Voice, container: str) -> None:
    samples = to_s16(noisy_voice(44100, 1.0, 4))
    with box.client() as client:
        sent = encoded(samples, 44100, container)
        clean, rate_hz = decoded(client.clip(sent, file_format="flac"))
    assert rate_hz == 44100
    assert len(clean) == len(decoded(sent)[0])


def test_channels_are_mixed_to_one(box: Box, noisy_voice: Voice) -> None:
    left, right = to_s16(noisy_voice(16000, 0.5, 5)), to_s16(noisy_voice(16000, 0.5, 6))
    stereo = encoded(np.stack([left, right], axis=1), 16000)
    with box.client() as client:
        clean, _ = decoded(client.clip(stereo))
    assert clean.shape == left.shape


def test_no_suppression_is_the_aligned_input(box: Box, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(48000, 1.0, 7))
    with box.client() as client:
        streamed = client.stream(samples, 48000, realtime=False, suppression_limit_db=0)
        clip, _ = decoded(client.clip(encoded(samples, 48000), suppression_limit_db=0))
        posted, _ = decoded(client.post_clip(encoded(samples, 48000), "?suppression_limit_db=0&format=flac"))
    for clean in (streamed.samples, clip, posted):
        assert np.abs(clean.astype(int) - samples).max() <= 1


def test_a_form_upload_is_the_same_as_a_raw_body(box: Box, noisy_voice: Voice) -> None:
    data = encoded(to_s16(noisy_voice(16000, 0.5, 8)), 16000)
    boundary = "frontier"
    form = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n"
    ).encode()
    form += data + f"\r\n--{boundary}--\r\n".encode()
    with box.client() as client:
        assert client.http.post(
            "/api/v1/denoise", form, f"multipart/form-data; boundary={boundary}", client.token
        ) == client.post_clip(data)
