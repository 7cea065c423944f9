import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_server.audio.geometry import SUPPORTED_RATES_HZ, StreamGeometry
from edge_server.audio.pcm import to_s16
from edge_server.audio.stft import Float32, StftBank
from edge_server.audio.stream_audio import StreamAudio
from edge_server.errors import InternalError
from tests.conftest import Voice

NATIVE_RATES_HZ = [rate_hz for rate_hz in SUPPORTED_RATES_HZ if rate_hz != 44100]
packets_ms = st.integers(5, 100)


def stream_audio(rate_hz: int, packet_samples: int) -> StreamAudio:
    geometry = StreamGeometry.for_rate(rate_hz, model_rate_hz=16000, window_samples=512, hop_samples=256)
    return StreamAudio(geometry, packet_samples)


class DryEngine:
    """Analysis and synthesis with nothing between them."""

    def __init__(self, audio: StreamAudio) -> None:
        self._audio = audio
        self._stft = StftBank(audio.geometry.window_samples, audio.geometry.hop_samples, slots=1, max_frames=1)

    def run(self, hops: list[Float32]) -> None:
        slot, one = np.array([0]), np.array([1])
        for hop in hops:
            self._audio.deliver(self._stft.synthesise(slot, self._stft.analyse(slot, [hop], one), one)[0, 0])


def through(audio: StreamAudio, samples: Float32, packet_samples: int) -> Float32:
    """Push packets, pull as many samples after each, then flush and pull all the rest."""
    engine = DryEngine(audio)
    out = []
    for start in range(0, len(samples), packet_samples):
        packet = samples[start : start + packet_samples]
        engine.run(audio.push(packet))
        if len(packet) == packet_samples:
            out.append(audio.pull(packet_samples))
    engine.run(audio.flush())
    out.append(audio.pull(audio.available()))
    return np.concatenate(out)


@settings(max_examples=40, deadline=None)
@given(rate_hz=st.sampled_from(NATIVE_RATES_HZ), packet_ms=packets_ms, tail=st.integers(0, 500))
def test_native_rates_give_the_delayed_input_back_bit_for_bit(
    noisy_voice: Voice, rate_hz: int, packet_ms: int, tail: int
) -> None:
    packet_samples = rate_hz * packet_ms // 1000
    audio = stream_audio(rate_hz, packet_samples)
    samples = noisy_voice(rate_hz, 0.5, 0)[: packet_samples * 4 + tail]
    out = through(audio, samples, packet_samples)
    assert len(out) == len(samples) + audio.delay_samples
    assert not to_s16(out[: audio.delay_samples]).any()
    assert np.array_equal(to_s16(out[audio.delay_samples :]), to_s16(samples))


@pytest.mark.parametrize(("rate_hz", "packet_samples", "delay_samples"), [(48000, 960, 1344), (16000, 320, 448)])
def test_the_delay_is_window_minus_common_divisor(rate_hz: int, packet_samples: int, delay_samples: int) -> None:
    assert stream_audio(rate_hz, packet_samples).delay_samples == delay_samples


@settings(max_examples=15, deadline=None)
@given(packet_samples=st.integers(221, 4410))
def test_44100_hz_always_has_a_packet_ready_and_lines_up(packet_samples: int) -> None:
    audio = stream_audio(44100, packet_samples)
    time_s = np.arange(3 * 44100 + 123) / 44100
    tones = sum(0.2 * np.sin(2 * np.pi * tone_hz * time_s) for tone_hz in (90, 1000, 5200))
    samples = np.asarray(tones, np.float32)
    out = through(audio, samples, packet_samples)
    assert len(out) == len(samples) + audio.delay_samples
    # Away from the ends, where the tones are cut off. The resamplers ripple by up to 0.3 dB; a shift of one sample
    # would be an error of more than a tenth of the tones.
    kept = slice(2000, -2000)
    np.testing.assert_allclose(out[audio.delay_samples :][kept], samples[kept], atol=0.02)


def test_44100_hz_adds_less_than_15_ms_to_the_delay_at_48000_hz() -> None:
    resampled = stream_audio(44100, 882).delay_samples / 44100
    native = stream_audio(48000, 960).delay_samples / 48000
    assert native < resampled < native + 0.015


@pytest.mark.parametrize("rate_hz", SUPPORTED_RATES_HZ)
def test_what_comes_out_does_not_depend_on_the_packets(noisy_voice: Voice, rate_hz: int) -> None:
    samples = noisy_voice(rate_hz, 1.0, 1)
    outs = []
    for packet_samples in (rate_hz // 200, rate_hz // 50, 1017, len(samples)):
        audio = stream_audio(rate_hz, packet_samples)
        outs.append(through(audio, samples, packet_samples)[audio.delay_samples :].tobytes())
    assert len(set(outs)) == 1


def test_the_callers_array_may_be_used_again_after_push() -> None:
    audio = stream_audio(16000, 256)
    samples = np.ones(256, np.float32)
    (hop,) = audio.push(samples)
    samples[:] = 0
    assert hop.all()


def test_pulling_too_much_and_pushing_after_the_flush_are_defects() -> None:
    audio = stream_audio(16000, 320)
    with pytest.raises(InternalError):
        audio.pull(audio.available() + 1)
    audio.flush()
    with pytest.raises(InternalError):
        audio.push(np.zeros(320, np.float32))
