import numpy as np
import pytest

from edge_server.engine.denoiser import Blocks, Denoiser, Float32, ModelRun
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError
from tests.engine.driving import flaky

SHAPE = (257,)
"""Of both states of the tiny model, "noise" and "previous"."""


def inputs(streams: int, frames: int = 1) -> tuple[Float32, Blocks]:
    random = np.random.default_rng(streams)
    spectrum = random.standard_normal((frames, streams, 257, 2)).astype(np.float32)
    states = {SHAPE: random.uniform(0, 1, (2, streams, *SHAPE)).astype(np.float32)}
    return spectrum, states


def put(run: ModelRun, spectrum: Float32, states: Blocks) -> None:
    run.spectrum[:] = spectrum
    run.states[SHAPE][:] = states[SHAPE]


def contents(run: ModelRun) -> list[bytes]:
    return [run.clean.tobytes(), *(values.tobytes() for values in run.next_states[SHAPE])]


def test_a_run_gives_what_onnxruntime_gives_and_changes_none_of_its_input(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 8)
    spectrum, states = inputs(4)
    run = denoiser.prepare(4)
    put(run, spectrum, states)
    denoiser.run(run)
    assert run.spectrum.tobytes() == spectrum.tobytes()
    assert run.states[SHAPE].tobytes() == states[SHAPE].tobytes()
    expected = tiny_model.session.run(
        ["spectrum_out", "state_out_noise", "state_out_previous"],
        {"spectrum": spectrum[0], "state_in_noise": states[SHAPE][0], "state_in_previous": states[SHAPE][1]},
    )
    assert contents(run) == [values.tobytes() for values in expected]
    assert run.next_states[SHAPE].tobytes() != states[SHAPE].tobytes()


def test_a_row_alone_equals_the_row_in_a_batch_bit_for_bit(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 17)
    spectrum, states = inputs(17)
    run = denoiser.prepare(17)
    put(run, spectrum, states)
    denoiser.run(run)
    clean, next_states = run.clean.copy(), run.next_states[SHAPE].copy()
    alone = denoiser.prepare(1)
    for i in range(17):
        put(alone, spectrum[:, i : i + 1], {SHAPE: states[SHAPE][:, i : i + 1]})
        denoiser.run(alone)
        assert alone.clean.tobytes() == clean[:, i].tobytes()
        assert alone.next_states[SHAPE].tobytes() == next_states[:, i].tobytes()


def test_runs_of_one_size_share_their_memory(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 8)
    assert denoiser.prepare(3) is denoiser.prepare(3)
    assert np.shares_memory(denoiser.prepare(3).clean, denoiser.prepare(8).clean)


def test_one_run_takes_several_frames_only_where_they_are_in_its_memory(tiny_model: ModelFile) -> None:
    assert tiny_model.frames_at_once == 4
    assert Denoiser(tiny_model, 4).frames_at_once == 4
    assert Denoiser(tiny_model, 3).frames_at_once == 1


def test_a_run_that_onnxruntime_refuses_is_a_failed_run(tiny_model: ModelFile) -> None:
    model, session = flaky(tiny_model)
    denoiser = Denoiser(model, 1)
    run = denoiser.prepare(1)
    session.broken = True
    with pytest.raises(EngineFailedError, match="out of order"):
        denoiser.run(run)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_a_failed_run(tiny_model: ModelFile, poison: float) -> None:
    denoiser = Denoiser(tiny_model, 2)
    spectrum, states = inputs(2)
    run = denoiser.prepare(2)
    put(run, spectrum, states)
    run.states[SHAPE][0, 1, 7] = poison
    with pytest.raises(EngineFailedError, match="finite"):
        denoiser.run(run)
    # What a failed run left in the memory is nobody's.
    put(run, spectrum, states)
    denoiser.run(run)


def test_a_cleared_run_is_silence_for_streams_that_begin(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 8)
    run = denoiser.prepare(2, 4)
    put(run, *inputs(2, 4))
    run.clear()
    assert not run.spectrum.any()
    assert not run.states[SHAPE].any()
    assert run.last_row is not None
    assert run.last_row.tolist() == [0, 1]
    denoiser.run(run)
    assert not run.clean.any()
