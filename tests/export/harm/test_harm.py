"""Harm that is done is found, and the shipped model does none of it on the recordings in the repository."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge_server.engine.model_file import find_default_model
from export.commands.harm import harm
from export.errors import AudioError
from export.harm.clip_probe import probe_clip
from export.harm.extremes import SPOILERS, is_silent, probe_extremes, rate_error_db
from export.harm.figures import Figure, at_least, within
from export.harm.measure import Harm, measure_harm, percentiles
from export.harm.page import page_part, table, write_harm
from export.pairs import Pair
from export.quality.systems import unprocessed

SHIPPED = find_default_model(Path(__file__).parents[3] / "quantized_models")


@pytest.fixture(scope="module")
def measured(pairs: list[Pair]) -> Harm:
    return measure_harm(SHIPPED, pairs, processes=1)


def figure(found: Harm, title: str) -> Figure:
    (only,) = (figure for figure in found.figures if figure.title == title)
    return only


@pytest.mark.parametrize(
    "title",
    [
        "noisy speech -20 dB quieter: change of PESQ-WB",
        "noisy speech -30 dB quieter: change of PESQ-WB",
        "noisy speech -30 dB quieter: change of SI-SDR",
        "noise alone comes out lower by: 50th percentile of seconds",
        "digital silence stays exactly that, at every rate",
        *(f"{name}: output finite, whole and bounded" for name in (*SPOILERS, "telephone band at 8 kHz")),
        *(f"{name}: speech kept" for name in (*SPOILERS, "telephone band at 8 kHz")),
        *(f"the same at {rate_hz} Hz as at 16000 Hz, SI-SDR" for rate_hz in (24000, 32000, 44100, 48000)),
    ],
)
def test_the_shipped_model_does_no_harm(measured: Harm, title: str) -> None:
    assert figure(measured, title).holds


def test_hardly_any_clean_speech_is_lost(measured: Harm) -> None:
    lost = measured.distributions["lost_from_clean_db"]
    assert set(lost) == {"all", "onsets", "hissing"}
    for sound in lost.values():
        assert sound["p90"] < 1.5


def test_a_system_that_does_nothing_harms_nothing_and_helps_nothing(pairs: list[Pair]) -> None:
    found = probe_clip(unprocessed, pairs[0])
    assert found.clean_pesq > 4.5
    assert found.noise_attenuation_db == pytest.approx(np.zeros(len(found.noise_attenuation_db)), abs=0.01)
    assert found.quiet_si_sdr_gain_db[-30.0] == pytest.approx(0, abs=0.05)
    assert abs(np.percentile(found.lost_from_clean["all"], 99)) < 0.1
    assert is_silent(unprocessed)
    assert all(extreme.finite and extreme.bounded for extreme in probe_extremes(unprocessed, pairs[0].clean)[1:])


def test_noise_that_is_turned_down_is_attenuated(pairs: list[Pair]) -> None:
    found = probe_clip(lambda samples, rate_hz: samples * np.float32(0.01), pairs[0])
    assert found.noise_attenuation_db == pytest.approx(np.full(len(found.noise_attenuation_db), 40), abs=0.1)
    assert np.median(found.lost_from_clean["all"]) == pytest.approx(40, abs=0.1)


def test_a_system_that_knows_its_level_is_found_out(pairs: list[Pair]) -> None:
    def gate(samples: np.ndarray, rate_hz: int) -> np.ndarray:
        return np.where(np.abs(samples) < 0.01, 0, samples).astype(np.float32)

    found = probe_clip(gate, pairs[2])
    assert found.quiet_si_sdr_gain_db[-30.0] < found.si_sdr_gain_db - 3


def test_what_is_not_a_number_too_loud_or_gone_is_found(pairs: list[Pair]) -> None:
    def by_name(found: list) -> dict:
        return {extreme.name: extreme for extreme in found}

    assert not by_name(probe_extremes(unprocessed, pairs[0].clean))["NaN and infinities"].finite
    loud = by_name(probe_extremes(lambda samples, rate_hz: np.nan_to_num(samples, posinf=0) * 2, pairs[0].clean))
    assert not any(extreme.bounded for extreme in loud.values())
    deaf = by_name(
        probe_extremes(lambda samples, rate_hz: np.nan_to_num(samples, posinf=0) * np.float32(0.1), pairs[0].clean)
    )
    assert deaf["reverberant"].kept_db == pytest.approx(-20, abs=0.1)
    assert not is_silent(lambda samples, rate_hz: samples + np.float32(1e-5))


def test_a_system_that_knows_one_rate_is_found_out(pairs: list[Pair]) -> None:
    def sixteen_only(samples: np.ndarray, rate_hz: int) -> np.ndarray:
        return samples if rate_hz == 16000 else np.roll(samples, 7)

    assert rate_error_db(unprocessed, pairs[0].noisy, 48000) > 20
    assert rate_error_db(sixteen_only, pairs[0].noisy, 48000) < 15


def test_pairs_without_speech_are_left_out_or_refused(tiny_model_path: Path, pairs: list[Pair]) -> None:
    silent = replace(pairs[0], clean=np.zeros_like(pairs[0].clean))
    assert measure_harm(tiny_model_path, [silent, pairs[1]], processes=1).clips == 1
    with pytest.raises(AudioError, match="no speech"):
        measure_harm(tiny_model_path, [silent], processes=1)


def test_figures_hold_up_to_their_limits() -> None:
    assert at_least("a", 4.2, 4.2).holds
    assert not at_least("a", 4.19, 4.2).holds
    assert within("a", -0.05, 0.05).holds
    assert not within("a", -0.06, 0.05).holds
    assert Figure("a", 1.0).holds is None
    assert percentiles([]) == {}
    assert percentiles([np.arange(101.0)])["p90"] == 90


def test_files_table_and_page_say_the_same(measured: Harm, tmp_path: Path) -> None:
    record, picture = write_harm(tmp_path, measured)
    written = json.loads(record.read_text())
    assert [found["title"] for found in written["figures"]] == [found.title for found in measured.figures]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert table(measured).count("\n") == len(measured.figures) + 1
    part = page_part(measured)
    assert part.failing == sum(found.holds is False for found in measured.figures)
    assert measured.holds == (part.failing == 0)


def test_the_command_prints_a_table(tiny_model_path: Path, pairs_folder: Path) -> None:
    done = CliRunner().invoke(harm, [str(tiny_model_path), "--pairs", str(pairs_folder), "--limit", "1"])
    assert done.exit_code == 0, done.output
    assert "| digital silence stays exactly that, at every rate | yes | yes |" in done.output
