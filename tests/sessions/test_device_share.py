"""A device that starts streams without end leaves some for the others."""

import pytest

from edge_server.engine.model_file import ModelFile
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import TooManyStreamsError
from edge_server.sessions.device_share import require_share
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, VoiceRequest
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream_limits import StreamLimits
from tests.sessions.test_live_voice import Listener


class Box:
    """Starts voices as long as there is one for whoever asks."""

    def __init__(self, model: ModelFile, max_streams: int) -> None:
        self.engine = Engine(model, EngineConfig(max_streams=max_streams), lambda: None)
        self._context = VoiceContext(Pump(self.engine), StreamLimits(50, 1.0), 1.0, lambda: 0.0)
        self._geometry = model.facts.geometry(16000)
        self._voices: list[LiveVoice] = []

    def start(self, device: str, packet_samples: int = 320) -> None:
        request = VoiceRequest(self._geometry, packet_samples, None)
        require_share(device, request, self._voices, self.engine)
        voice = LiveVoice(self._context, request, Listener())
        voice.device = device
        self._voices.append(voice)

    def fill(self, device: str) -> int:
        """How many more this device could start."""
        return sum(iter(lambda: self._starts(device), False))

    def _starts(self, device: str) -> bool:
        try:
            self.start(device)
        except TooManyStreamsError:
            return False
        return True


@pytest.mark.parametrize(("max_streams", "most"), [(1, 1), (3, 3), (4, 3), (8, 6), (50, 38)])
def test_one_device_leaves_a_quarter_to_the_others(tiny_model: ModelFile, max_streams: int, most: int) -> None:
    box = Box(tiny_model, max_streams)
    assert box.fill("greedy") == most
    assert sum(box.fill(f"other {number}") for number in range(max_streams)) == max_streams - most


def test_who_has_one_may_have_a_second_of_the_last(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, 8)
    box.fill("greedy")
    assert [box.fill("first"), box.fill("second")] == [2, 0]


def test_a_refusal_says_why_and_when_to_ask_again(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, 8)
    box.fill("greedy")
    with pytest.raises(TooManyStreamsError, match=r"last 2 of 8 .* this one has 6") as refused:
        box.start("greedy")
    assert refused.value.to_dict()["retry_after_s"] == 15


def test_fewer_are_admitted_to_a_warm_box(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, 100)
    box.engine.carried_live_streams = 8
    assert box.fill("greedy") == 6


@pytest.mark.parametrize("max_streams", [6, 100])
def test_short_packets_count_as_many_voices_on_a_box_that_was_measured(tiny_model: ModelFile, max_streams: int) -> None:
    box = Box(tiny_model, max_streams)
    box.engine.carried_live_streams = 8
    box.start("first", packet_samples=80)
    box.start("second", packet_samples=160)
    with pytest.raises(
        TooManyStreamsError, match="6 of 8 live voices, and one with packets as short as these counts as 4"
    ):
        box.start("third", packet_samples=80)
    # Long ones count as one.
    box.start("third", packet_samples=1600)
    assert box.fill("fourth") == 1
    with pytest.raises(TooManyStreamsError, match=r"8 of 8 live voices\."):
        box.start("fifth")


def test_one_alone_is_let_in_whatever_its_packets(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, 100)
    box.engine.carried_live_streams = 1
    box.start("only", packet_samples=80)


def test_where_nothing_was_measured_the_owner_counts_voices(tiny_model: ModelFile) -> None:
    box = Box(tiny_model, 4)
    for number in range(4):
        box.start(f"device {number}", packet_samples=80)
