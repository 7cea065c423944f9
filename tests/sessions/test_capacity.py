import pytest

from edge_server import engine_limits
from edge_server.config import Settings
from edge_server.engine.model_file import ModelFile
from edge_server.engine.pacing import RunCost
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.engine_limits import engine_threads
from edge_server.errors import TooManyStreamsError
from edge_server.sessions import capacity
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import SHARE_USED, Capacity, measure_capacity

MEASURED = Capacity(RunCost(3.2e-4, 31e-6), 20e-6, 2)


class Box:
    """An engine with an admission whose thermometer can be set."""

    def __init__(self, model: ModelFile, max_streams: int = 1000, limits: bool = True) -> None:
        self.temperature_c: float | None = None
        self.throttled: bool | None = None
        self.engine = Engine(model, EngineConfig(max_streams=max_streams), lambda: None)
        self.admission = Admission(self.engine, limits, lambda: self.temperature_c, lambda: self.throttled)


def test_voices_leave_headroom_on_the_busier_side() -> None:
    engine_bound = MEASURED.voices
    assert engine_bound * 62.5 * (3.2e-4 / 32 + 31e-6) <= SHARE_USED < (engine_bound + 1) * 62.5 * (3.2e-4 / 32 + 31e-6)
    assert Capacity(MEASURED.run_cost, 500e-6, 2).voices < engine_bound
    assert Capacity(MEASURED.run_cost, 20e-6, 1).voices < engine_bound
    assert Capacity(RunCost(9.0, 9.0), 9.0, 1).voices == 1


def test_more_engine_threads_carry_more_voices_as_far_as_there_are_cores() -> None:
    voices = [Capacity(MEASURED.run_cost, 1e-6, cores, threads).voices for cores, threads in ((4, 1), (4, 2), (2, 2))]
    assert voices[1] == pytest.approx(2 * voices[0], abs=1)
    assert voices[0] < voices[2] < voices[1]
    # The part of a run that holds Python's lock does not get shorter by more threads.
    assert Capacity(MEASURED.run_cost, 1e-6, 64, 64).voices == Capacity(MEASURED.run_cost, 1e-6, 64, 4).voices


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_a_core_is_left_to_the_network_loop(monkeypatch: pytest.MonkeyPatch, cores: int, threads: int) -> None:
    monkeypatch.setattr(engine_limits, "available_cores", lambda: cores)
    assert engine_threads(Settings()) == threads
    assert engine_threads(Settings(engine_threads=1)) == 1
    assert engine_threads(Settings(engine_threads=10_000)) == max(1, cores - 1)


@pytest.mark.parametrize("threads", [1, 3])
def test_this_machine_carries_voices(tiny_model: ModelFile, threads: int) -> None:
    measured = measure_capacity(tiny_model, 2, threads)
    assert measured.engine_threads == threads
    assert measured.voices >= 1
    assert measured.packet_s > 0
    assert measured.run_cost.run_s(32) > 0


def test_neither_a_lucky_moment_nor_a_hiccup_of_the_processor_counts(
    tiny_model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, strange = (4e-3, 1e-4), [(1e-4, 1e-6), (0.9, 0.1)]

    def measured(moments: list[tuple[float, float]]) -> Capacity:
        # Twelve rounds of one voice, then twelve of a full batch.
        rounds = iter([*moments, *[usual] * (12 - len(moments))] * 2)
        monkeypatch.setattr(capacity, "_round", lambda *arguments: next(rounds))
        return measure_capacity(tiny_model, 2, 1)

    assert measured(strange) == measured([]) == measured(strange[:1] * 5) == measured(strange[1:] * 5)


def test_as_many_are_admitted_as_were_measured_and_a_refusal_says_when_to_ask_again(tiny_model: ModelFile) -> None:
    box = Box(tiny_model)
    box.admission.use(MEASURED)
    geometry = tiny_model.facts.geometry(16000)
    for _ in range(MEASURED.voices):
        box.engine.open_stream(geometry, None)
    with pytest.raises(TooManyStreamsError) as caught:
        box.engine.open_stream(geometry, None)
    assert caught.value.to_dict()["retry_after_s"] == 15
    told = box.admission.to_dict()
    assert told["text"] == f"about {MEASURED.voices} live voices on this box"
    assert (told["live_voices"], told["limited_by"]) == (MEASURED.voices, "cores")


def test_a_smaller_setting_counts(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, max_streams=3)
    box.admission.use(MEASURED)
    assert (box.admission.voices, box.admission.to_dict()["limited_by"]) == (3, "setting")


def test_who_does_not_want_to_be_limited_is_not(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, limits=False)
    box.admission.use(MEASURED)
    box.temperature_c = 99.0
    box.admission.watch_heat()
    assert (box.admission.voices, box.admission.to_dict()["limited_by"]) == (1000, "setting")


@pytest.mark.parametrize(
    ("temperature_c", "throttled", "share"),
    [(None, None, 1.0), (79.9, False, 1.0), (80.0, False, 0.75), (85.0, None, 0.5), (None, True, 0.5)],
)
def test_heat_lowers_the_limit_and_its_end_raises_it(
    tiny_model: ModelFile, temperature_c: float | None, throttled: bool | None, share: float
) -> None:
    box = Box(tiny_model)
    box.admission.use(MEASURED)
    box.temperature_c, box.throttled = temperature_c, throttled
    box.admission.watch_heat()
    assert box.admission.voices == int(share * MEASURED.voices)
    assert box.admission.to_dict()["limited_by"] == ("cores" if share == 1.0 else "heat")
    box.temperature_c = box.throttled = None
    box.admission.watch_heat()
    assert box.admission.voices == MEASURED.voices


def test_what_heat_takes_is_told_against_what_the_owner_allows(tiny_model: ModelFile) -> None:
    box = Box(tiny_model)
    assert (box.admission.limited_by, box.admission.voices_when_cool) == ("setting", 1000)
    box.admission.use(MEASURED)
    allowed = MEASURED.voices - 1
    box.engine.max_live_streams = allowed
    box.temperature_c, box.throttled = 91.0, False
    box.admission.watch_heat()
    assert box.admission.standing() == {
        "max_streams": MEASURED.voices // 2,
        "max_streams_when_cool": allowed,
        "limited_by": "heat",
        "temperature_c": 91.0,
        "throttled": False,
    }
    # Heat takes nothing from who allows less than it leaves.
    box.engine.max_live_streams = MEASURED.voices // 4
    assert (box.admission.limited_by, box.admission.hot) == ("setting", True)
