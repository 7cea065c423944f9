"""Whole sequences and single frames give the same results."""

import pytest
import torch

from export.deep_filter import CAUTION, DeepFilter
from export.layers import RunningLevel, StreamingGru
from export.model import Denoiser


def test_gru_frame_by_frame_equals_gru_at_once() -> None:
    torch.manual_seed(0)
    layer = StreamingGru(6, 5)
    inputs, state = torch.randn(3, 11, 6), torch.randn(3, 5).tanh()
    with torch.no_grad():
        outputs, last = layer(inputs, state)
        for time, frame in enumerate(inputs.unbind(1)):
            state = layer.step(frame, state)
            torch.testing.assert_close(state, outputs[:, time], atol=1e-6, rtol=0)
    torch.testing.assert_close(state, last, atol=1e-6, rtol=0)


def test_level_in_parallel_equals_level_step_by_step() -> None:
    torch.manual_seed(0)
    level, layer = torch.rand(2, 300, 1) * 5, RunningLevel(0.97)
    whole, last = layer(level, torch.zeros(2, 2))
    state, steps = torch.zeros(2, 2), []
    for frame in level.split(1, dim=1):
        step, state = layer(frame, state)
        steps.append(step)
    torch.testing.assert_close(torch.cat(steps, 1), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(state, last, atol=1e-5, rtol=1e-5)


def test_first_level_of_a_stream_is_not_pulled_to_zero() -> None:
    level, _ = RunningLevel(0.99)(torch.full((1, 1, 1), 7.0), torch.zeros(1, 2))
    assert level.item() == pytest.approx(7.0, rel=1e-5)


@pytest.mark.parametrize("lengths", [(1,) * 12, (5, 1, 6), (11, 1)])
def test_denoiser_in_chunks_equals_denoiser_at_once(network: Denoiser, lengths: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    spectrum = torch.randn(2, 12, 257, 2)
    with torch.no_grad():
        whole, _ = network(spectrum, network.initial_states(2))
        states, parts = network.initial_states(2), []
        for chunk in spectrum.split(list(lengths), dim=1):
            part, states = network(chunk, states)
            parts.append(part)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)


def test_denoiser_does_not_look_ahead(network: Denoiser) -> None:
    torch.manual_seed(2)
    spectrum = torch.randn(1, 10, 257, 2)
    changed = spectrum.clone()
    changed[:, 6:] *= 3
    with torch.no_grad():
        before, _ = network(spectrum, network.initial_states(1))
        after, _ = network(changed, network.initial_states(1))
    assert torch.equal(before[:, :6], after[:, :6])
    assert not torch.equal(before[:, 6:], after[:, 6:])


def test_mask_does_not_depend_on_the_input_level(network: Denoiser) -> None:
    torch.manual_seed(4)
    spectrum = torch.randn(1, 20, 257, 2)
    with torch.no_grad():
        loud, _ = network(spectrum, network.initial_states(1))
        quiet, _ = network(spectrum * 10**-1.5, network.initial_states(1))
    torch.testing.assert_close(quiet * 10**1.5, loud, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("lengths", [(1,) * 12, (5, 1, 6)])
def test_deep_filter_in_chunks_equals_deep_filter_at_once(lengths: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    layer = DeepFilter(6, bins=5, taps=3)
    torch.nn.init.normal_(layer.decode.weight)
    spectrum, tokens = torch.randn(2, 12, 9, 2), torch.randn(2, 12, 6)
    past = [torch.zeros(2, 2, 5), torch.zeros(2, 2, 5)]
    with torch.no_grad():
        whole, last = layer(*spectrum.unbind(-1), tokens, past)
        parts = []
        for frames, controls in zip(spectrum.split(list(lengths), 1), tokens.split(list(lengths), 1), strict=True):
            part, past = layer(*frames.unbind(-1), controls, past)
            parts.append(torch.stack(part, -1))
    torch.testing.assert_close(torch.cat(parts, 1), torch.stack(whole, -1))
    assert all(map(torch.equal, last, past))


def test_deep_filter_multiplies_the_latest_frames_by_complex_weights() -> None:
    layer = DeepFilter(1, bins=1, taps=2)
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4])
    layer.decode.bias.data = torch.atanh(weights) / CAUTION
    frames = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    with torch.no_grad():
        old, new = (frame.view(2, 1, 1, 1).unbind() for frame in frames)
        added, _ = layer(*new, torch.zeros(1, 1, 1), list(old))
    older, newer = torch.view_as_complex(frames)
    expected = (0.1 + 0.3j) * older + (0.2 + 0.4j) * newer
    torch.testing.assert_close(torch.complex(*added).flatten()[0], expected)
