"""The Python client of background files, and its command."""

import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge_server.__main__ import cli
from edge_server.audio.pcm import to_s16
from edge_server.client_http import BoxHttp, BoxUnreachableError, RefusedError
from edge_server.client_jobs import JobClient
from edge_server.engine.model_file import ModelFile
from edge_server.errors import BadRequestError, BoxUntrustedError, EngineFailedError
from edge_server.offline.denoise import denoise_samples
from tests.audio_files import decoded
from tests.conftest import Voice
from tests.jobs.uploads import recording
from tests.running_box import Box, running_box


def job_client(box: Box, token: str | None = None, patience_s: float = 20.0) -> JobClient:
    return JobClient(BoxHttp(box.url, None, False, 20.0), token or box.token(), patience_s)


@pytest.fixture
def source(tmp_path: Path, noisy_voice: Voice) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(recording(noisy_voice, 2.0))
    return path


def expected(model: ModelFile, source: Path, limit_db: float | None = None) -> object:
    noisy, rate_hz = decoded(source.read_bytes())
    return to_s16(denoise_samples(model, noisy.astype(np.float32) / 32768, rate_hz, limit_db))


def test_a_file_is_cleaned_with_its_log_and_progress(tiny_model: ModelFile, tmp_path: Path, source: Path) -> None:
    jobs: list[dict[str, object]] = []
    lines: list[str] = []
    with running_box(tiny_model.path, tmp_path / "box", job_chunk_bytes=10_000) as box:
        client = box.client().jobs
        target = tmp_path / "clean.flac"
        client.clean(source, target, 12, on_job=jobs.append, on_log=lines.append, detail="detailed")
        assert client.jobs() == []
    assert np.array_equal(decoded(target.read_bytes())[0], expected(tiny_model, source, 12))
    assert [job["received_bytes"] for job in jobs[:3]] == [0, 10_000, 20_000]
    assert any("Opened: WAV" in line for line in lines)
    assert len(lines) == len(set(lines))


def test_an_upload_goes_on_when_the_box_comes_back(
    tiny_model: ModelFile, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_server.client_jobs._RETRY_S", 0.01)
    data = source.read_bytes()
    starts: list[object] = []
    with running_box(tiny_model.path, tmp_path / "box", job_chunk_bytes=10_000) as box:
        port = box.service.http_port
        client = job_client(box)
        job_id = client.create("talk.wav", len(data))["job_id"]

        class EnoughError(Exception):
            pass

        def until_half(job: dict[str, object]) -> None:
            starts.append(job["received_bytes"])
            if job["received_bytes"] == 30_000:
                raise EnoughError

        with pytest.raises(EnoughError):
            client.upload(job_id, data, until_half)
    thread = threading.Thread(
        target=client.upload, args=(job_id, data, lambda job: starts.append(job["received_bytes"]))
    )
    thread.start()
    with running_box(tiny_model.path, tmp_path / "box", job_chunk_bytes=10_000, http_port=port):
        thread.join()
    assert starts[:4] == [0, 10_000, 20_000, 30_000]
    assert starts[4:6] == [30_000, 40_000]


def test_a_box_that_does_not_come_back_is_given_up(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        client = job_client(box, patience_s=0.0)
    with pytest.raises(BoxUnreachableError):
        client.jobs()


def test_refusals_and_failures_are_told(tiny_model_path: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "letter.txt"
    wrong.write_text("Dear Sir or Madam")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF" + bytes(100))
    with running_box(tiny_model_path, tmp_path / "box") as box:
        client = job_client(box)
        with pytest.raises(RefusedError) as refused:
            client.clean(wrong, tmp_path / "out.wav")
        assert refused.value.refused_code == "file_type_refused"
        with pytest.raises(EngineFailedError, match="decoded"):
            client.clean(broken, tmp_path / "out.wav")
        assert not (tmp_path / "out.wav").exists()


def test_the_commands_invite_and_clean(tiny_model: ModelFile, tmp_path: Path, source: Path) -> None:
    runner = CliRunner()
    target = tmp_path / "clean.wav"
    with running_box(tiny_model.path, tmp_path / "box") as box:
        invited = runner.invoke(
            cli, ["invite", "--role", "owner", "--data-dir", str(tmp_path / "box"), "--url", box.url]
        )
        assert invited.exit_code == 0, invited.output
        code = invited.output.split("#invite=")[1].split()[0]
        token = box.service.desks.front_desk._invitations.redeem(code)
        assert token.role == "owner"
        arguments = ["clean", str(source), "-o", str(target), "--url", box.url]
        cleaned = runner.invoke(cli, arguments, env={"HUSHBOX_TOKEN": box.token()})
    assert cleaned.exit_code == 0, cleaned.output
    assert "Done" in cleaned.output
    assert np.array_equal(decoded(target.read_bytes())[0], expected(tiny_model, source))


def test_what_cannot_heal_is_told_at_once(tiny_model_path: Path, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError, match=r"https://192\.168\.1\.20:8443"):
        BoxHttp("192.168.1.20:8443", None, False, 20.0)
    waits: list[str] = []
    with running_box(tiny_model_path, tmp_path / "box", https=True) as box:
        client = JobClient(BoxHttp(box.https_url, None, False, 20.0), box.token(), on_wait=waits.append)
        with pytest.raises(BoxUntrustedError, match="--insecure"):
            client.jobs()
    assert waits == []


def test_a_box_that_cannot_be_reached_is_told_before_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_server.client_jobs._RETRY_S", 0.01)
    waits: list[str] = []
    client = JobClient(BoxHttp("http://127.0.0.1:9", None, False, 20.0), "token", 0.05, waits.append)
    with pytest.raises(BoxUnreachableError):
        client.jobs()
    assert waits == ["http://127.0.0.1:9 cannot be reached: Connection refused. Trying again for 0 s."]


def test_clean_writes_where_denoise_would(tiny_model_path: Path, tmp_path: Path, source: Path) -> None:
    with running_box(tiny_model_path, tmp_path / "box") as box:

        def clean(*options: str) -> tuple[int, str]:
            arguments = ["clean", str(source), "--url", box.url, *options]
            result = CliRunner().invoke(cli, arguments, env={"HUSHBOX_TOKEN": box.token()})
            return result.exit_code, str(result.exception or "")

        new = tmp_path / "new" / "folder" / "clean.flac"
        assert clean("-o", str(new)) == (0, "")
        before = new.stat().st_mtime_ns
        assert "--overwrite" in clean("-o", str(new))[1]
        assert new.stat().st_mtime_ns == before
        assert clean("-o", str(new), "--overwrite") == (0, "")
        assert "neither .wav nor .flac" in clean("-o", str(tmp_path / "clean.ogg"))[1]
        assert clean("-o", str(tmp_path / "into"))[0] == 0
        assert (tmp_path / "into" / "talk.wav").read_bytes()[:4] == b"RIFF"
        assert "cannot be written" in clean("-o", "/proc/nowhere/clean.wav")[1]
        assert box.client().jobs.jobs() == []
