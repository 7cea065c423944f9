"""One look at the engine serves all who ask within a second."""

import gevent
import pytest

from edge_server.box.readiness import Readiness
from edge_server.errors import EngineFailedError


class Engine:
    """Counts how often it is probed, and fails while it is `broken`."""

    def __init__(self) -> None:
        self.probes = 0
        self.broken = False
        self.now_s = 100.0

    def probe(self) -> float:
        self.probes += 1
        if self.broken:
            raise EngineFailedError("broken")
        return 0.001 * self.probes

    def clock(self) -> float:
        return self.now_s


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def readiness(engine: Engine) -> Readiness:
    return Readiness(engine.probe, engine.clock)


def test_a_flood_of_questions_is_one_probe_a_second(engine: Engine, readiness: Readiness) -> None:
    asked = [gevent.spawn(readiness.probe_s) for _ in range(50)]
    gevent.joinall(asked)
    assert [question.value for question in asked] == 50 * [0.001]
    engine.now_s += 0.999
    assert readiness.probe_s() == 0.001
    engine.now_s += 0.001
    assert readiness.probe_s() == 0.002
    assert engine.probes == 2


def test_a_failure_is_everyones_until_the_next_probe(engine: Engine, readiness: Readiness) -> None:
    engine.broken = True
    for _ in range(3):
        with pytest.raises(EngineFailedError, match="broken"):
            readiness.probe_s()
    engine.broken = False
    engine.now_s += 1.0
    assert readiness.probe_s() == 0.002
