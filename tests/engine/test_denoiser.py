import numpy as np
import pytest

from edge_server.engine.denoiser import Denoiser, Float32
from edge_server.engine.model_file import ModelFile
from edge_server.errors import EngineFailedError


def inputs(batch: int) -> tuple[Float32, dict[str, Float32]]:
    random = np.random.default_rng(batch)
    spectrum = random.standard_normal((batch, 257, 2)).astype(np.float32)
    states = {name: random.uniform(0, 1, (batch, 257)).astype(np.float32) for name in ("noise", "previous")}
    return spectrum, states


def test_a_run_changes_none_of_its_arguments(tiny_model: ModelFile) -> None:
    spectrum, states = inputs(4)
    before = [spectrum.tobytes(), *(rows.tobytes() for rows in states.values())]
    clean, next_states = Denoiser(tiny_model).run(spectrum, states)
    assert [spectrum.tobytes(), *(rows.tobytes() for rows in states.values())] == before
    assert clean.shape == (4, 257, 2)
    assert not np.array_equal(next_states["noise"], states["noise"])


def test_a_row_alone_equals_the_row_in_a_batch_bit_for_bit(tiny_model: ModelFile) -> None:
    denoiser = Denoiser(tiny_model)
    spectrum, states = inputs(17)
    clean, next_states = denoiser.run(spectrum, states)
    for i in range(17):
        alone, alone_states = denoiser.run(
            spectrum[i : i + 1], {name: rows[i : i + 1] for name, rows in states.items()}
        )
        assert alone.tobytes() == clean[i].tobytes()
        assert alone_states["noise"].tobytes() == next_states["noise"][i].tobytes()


def test_wrong_shapes_are_a_failed_run(tiny_model: ModelFile) -> None:
    spectrum, states = inputs(2)
    with pytest.raises(EngineFailedError):
        Denoiser(tiny_model).run(spectrum[:, :100], states)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_a_failed_run(tiny_model: ModelFile, poison: float) -> None:
    spectrum, states = inputs(2)
    states["noise"][1, 7] = poison
    with pytest.raises(EngineFailedError, match="finite"):
        Denoiser(tiny_model).run(spectrum, states)
