"""Who is refused over HTTP for a while hears for how long, in the body and in the header."""

from pathlib import Path

from edge_server.engine.stream_handle import Priority
from tests.audio_files import encoded
from tests.conftest import Voice
from tests.jobs.rest import Rest
from tests.running_box import running_box


def test_who_is_locked_out_hears_for_how_long(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, pin_tries=1, pin_lockout_s=600) as box:
        pin = f"{(int(box.service.pairing.pin) + 1) % 10**6:06d}"
        wrong = Rest(box).post("/api/v1/pair", {"pin": pin})
        assert (wrong.error, wrong.headers["Retry-After"]) == ("pin_wrong", None)
        locked = Rest(box).post("/api/v1/pair", {"pin": box.service.pairing.pin})
    error = locked.json["error"]
    assert (locked.status, error["code"]) == (429, "pin_locked")
    assert 590 <= error["retry_after_s"] <= 600
    assert abs(int(locked.headers["Retry-After"]) - error["retry_after_s"]) <= 1


def test_a_file_for_which_the_engine_has_no_room_is_told_when_to_come_again(
    tiny_model_path: Path, tmp_path: Path, noisy_voice: Voice
) -> None:
    with running_box(tiny_model_path, tmp_path, max_clips=1, max_running_jobs=1) as box:
        geometry = box.service.model.facts.geometry(16000)
        for _ in range(2):
            box.service.engine.open_stream(geometry, None, Priority.FILE)
        data = encoded(noisy_voice(16000, 0.5, 1), 16000)
        refused = Rest(box, box.token()).request("POST", "/api/v1/denoise", data, Content_Type="audio/wav")
    assert (refused.status, refused.error) == (503, "too_many_streams")
    assert (refused.headers["Retry-After"], refused.json["error"]["retry_after_s"]) == ("15", 15.0)
