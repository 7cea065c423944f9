"""What the owner measures counts only when the box had nothing else to do all the while."""

import time
from collections.abc import Callable

import numpy as np
import pytest

from edge_server.box import capacity_desk
from edge_server.box.capacity_desk import CapacityDesk
from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.stream_handle import Priority, StreamHandle
from edge_server.engine.worker import Engine
from edge_server.errors import JobNotReadyError
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import Capacity
from tests.box.heat import TWO_VOICES


class MeasuredBox:
    """A box that is found to carry two voices; `meanwhile` happens while it is measured."""

    def __init__(self, model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine = Engine(model, EngineConfig(), lambda: None)
        self.admission = Admission(self.engine, True, lambda: None, lambda: None)
        self.desk = CapacityDesk(self.engine, self.admission, model, 1, time.time)
        self.measured = 0
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(capacity_desk, "measure_capacity", self._measure)

    def open(self, priority: Priority) -> StreamHandle:
        return self.engine.open_stream(self.engine.model.facts.geometry(16000), None, priority)

    def run_through(self, priority: Priority) -> None:
        """Let someone come, have a frame cleaned, and go."""
        handle = self.open(priority)
        self.engine.submit(handle, np.zeros(handle.geometry.hop_samples, np.float32), np.inf)
        self.engine.run_inline()
        self.engine.close_stream(handle)

    def _measure(self, *arguments: object) -> Capacity:
        self.measured += 1
        self.meanwhile()
        return TWO_VOICES


@pytest.fixture
def box(tiny_model: ModelFile, monkeypatch: pytest.MonkeyPatch) -> MeasuredBox:
    return MeasuredBox(tiny_model, monkeypatch)


@pytest.mark.parametrize(("priority", "told"), [(Priority.LIVE, "Live voices run"), (Priority.FILE, "Files are being")])
def test_nothing_is_measured_while_voices_or_files_run(box: MeasuredBox, priority: Priority, told: str) -> None:
    handle = box.open(priority)
    with pytest.raises(JobNotReadyError, match=told):
        box.desk.measure()
    assert (box.measured, box.desk.known()) == (0, None)
    box.engine.close_stream(handle)
    assert box.desk.measure()["voices"] == 2
    assert box.admission.voices == 2


@pytest.mark.parametrize("priority", [Priority.LIVE, Priority.FILE])
@pytest.mark.parametrize("stays", [True, False])
def test_what_was_measured_while_someone_began_is_thrown_away(
    box: MeasuredBox, priority: Priority, stays: bool
) -> None:
    before = box.admission.voices
    box.meanwhile = lambda: (box.open if stays else box.run_through)(priority)
    with pytest.raises(JobNotReadyError, match="began meanwhile"):
        box.desk.measure()
    assert (box.measured, box.desk.known(), box.admission.measured, box.admission.voices) == (1, None, None, before)


def test_who_was_there_before_does_not_count(box: MeasuredBox) -> None:
    box.run_through(Priority.LIVE)
    assert box.desk.measure()["voices"] == 2
