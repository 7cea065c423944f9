"""Tasks that fail are tried again, counted, and told once."""

import gevent
import pytest

from edge_server.housekeeping import Housekeeping


def test_a_task_that_fails_is_tried_again_and_told_once_of_each_kind(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[bool] = []
    turns: list[int] = []
    enough = gevent.event.Event()
    housekeeping = Housekeeping(lambda: failures.append(True))

    def task() -> None:
        turns.append(len(turns))
        if len(turns) == 6:
            enough.set()
        elif len(turns) % 2:
            raise OSError("full disk")
        else:
            raise ValueError("nonsense")

    housekeeping.repeat(0.001, task)
    assert enough.wait(20)
    housekeeping.stop()
    assert len(failures) == 5
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [OSError, ValueError]
