"""The one who speaks meanwhile notices what was done to him: the tests beside him hold something."""

import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from edge_server.client_http import RefusedError
from edge_server.metrics import Metrics
from tests.running_box import running_box
from tests.security import bystander
from tests.security.bystander import Words
from tests.security.conftest import WatchedBox, watched


def test_a_loop_that_stands_still_is_noticed(watched_box: WatchedBox, monkeypatch: pytest.MonkeyPatch) -> None:
    stands_still_s = 2.0
    monkeypatch.setattr(bystander, "LONGEST_ROUND_S", stands_still_s)

    def stand_still(metrics: Metrics) -> bytes:
        time.sleep(stands_still_s)
        return b""

    monkeypatch.setattr(Metrics, "render", stand_still)
    with pytest.raises(AssertionError, match="wait"), watched_box() as box:
        urllib.request.urlopen(f"{box.url}/metrics", timeout=10 * stands_still_s).close()


def test_audio_that_is_not_as_it_has_to_be_is_noticed(tiny_model_path: Path, tmp_path: Path, words: Words) -> None:
    other = Words(words.said, np.roll(words.expected, 1))
    with running_box(tiny_model_path, tmp_path) as box, pytest.raises(AssertionError), watched(box, other):
        pass


def test_one_who_is_refused_is_noticed(tiny_model_path: Path, tmp_path: Path, words: Words) -> None:
    with running_box(tiny_model_path, tmp_path, max_streams=1) as box, box.client() as first:
        first.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        with pytest.raises(RefusedError), watched(box, words):
            pass


def test_who_was_heard_once_has_to_be_heard_again(watched_box: WatchedBox) -> None:
    with pytest.raises(RefusedError), watched_box() as box:
        box.clock.ahead_s += 2 * 3600
