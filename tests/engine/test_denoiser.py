import numpy as np
import pytest

from edge_server.engine.denoiser import Blocks, Denoiser, Float32, ModelRun
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError
from tests.engine.driving import flaky, flaky_several

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
    run.compute()
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
    run.compute()
    clean, next_states = run.clean.copy(), run.next_states[SHAPE].copy()
    alone = denoiser.prepare(1)
    for i in range(17):
        put(alone, spectrum[:, i : i + 1], {SHAPE: states[SHAPE][:, i : i + 1]})
        alone.compute()
        assert alone.clean.tobytes() == clean[:, i].tobytes()
        assert alone.next_states[SHAPE].tobytes() == next_states[:, i].tobytes()


def test_several_frames_in_one_run_are_the_frames_one_by_one(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 12)
    spectrum, states = inputs(3, 4)
    lengths = np.array([1, 4, 3])
    at_once = denoiser.prepare(3, 4)
    put(at_once, spectrum, states)
    assert at_once.last_row is not None
    at_once.last_row[:] = (lengths - 1) * 3 + np.arange(3)
    at_once.compute()
    clean, next_states = at_once.clean.copy(), at_once.next_states[SHAPE].copy()
    one = denoiser.prepare(1)
    for stream, length in enumerate(lengths):
        current = {SHAPE: states[SHAPE][:, stream : stream + 1]}
        for frame in range(length):
            put(one, spectrum[frame : frame + 1, stream : stream + 1], current)
            one.compute()
            assert one.clean.tobytes() == clean[frame, stream].tobytes()
            current = {SHAPE: one.next_states[SHAPE].copy()}
        assert current[SHAPE].tobytes() == next_states[:, stream : stream + 1].tobytes()


def test_a_run_of_another_size_in_between_changes_nothing(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model, 8)
    three, eight = denoiser.prepare(3), denoiser.prepare(8)
    heard = []
    for _ in range(2):
        put(three, *inputs(3))
        three.compute()
        heard.append(contents(three))
        put(eight, *inputs(8))
        eight.compute()
    assert heard[0] == heard[1]


def test_one_run_takes_several_frames_only_where_they_are_in_its_memory(tiny_model: ModelFile) -> None:
    assert tiny_model.frames_at_once == 4
    assert Denoiser(tiny_model, 4).frames_at_once == 4
    assert Denoiser(tiny_model, 3).frames_at_once == 1


def test_a_run_that_onnxruntime_refuses_is_a_failed_run_and_the_next_one_is_none(tiny_model: ModelFile) -> None:
    run = Denoiser(tiny_model, 4).prepare(1, 4)
    put(run, *inputs(1, 4))
    assert run.last_row is not None
    run.last_row[:] = 99
    with pytest.raises(EngineFailedError, match="could not be run"):
        run.compute()
    run.last_row[:] = 3
    run.compute()


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_a_failed_run_and_leave_nothing(tiny_model: ModelFile, poison: float) -> None:
    run = Denoiser(tiny_model, 2).prepare(2)
    spectrum, states = inputs(2)
    put(run, spectrum, states)
    run.compute()
    before = contents(run)
    run.states[SHAPE][0, 1, 7] = poison
    with pytest.raises(EngineFailedError, match="finite"):
        run.compute()
    put(run, spectrum, states)
    run.compute()
    assert contents(run) == before


def test_a_probe_runs_every_graph_on_silence_whatever_is_left_in_the_memory(tiny_model: ModelFile) -> None:
    for break_one in (flaky, flaky_several):
        model, session = break_one(tiny_model)
        denoiser = Denoiser(model, 8)
        put(denoiser.prepare(2), np.full((1, 2, 257, 2), np.nan, np.float32), {SHAPE: np.full((2, 2, 257), np.nan)})
        denoiser.probe()
        assert session.runs == 1
        session.broken = True
        with pytest.raises(EngineFailedError, match="out of order"):
            denoiser.probe()
