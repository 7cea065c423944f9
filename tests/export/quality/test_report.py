"""The files of an evaluation say what was measured, and the page needs nothing else."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from export.commands.evaluate import evaluate
from export.errors import AudioError
from export.quality.players import audio_uri
from export.quality.record import read_record

FOLDER = Path(__file__).parents[3] / "quantized_models"


class Page(HTMLParser):
    """Counts tags and keeps their sources; fails on a tag that is closed out of order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.sources: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(tiny_model_path: Path, pairs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    arguments = ["--pairs", pairs_folder, "--peers", folder, "--no-rnnoise", "--no-dnsmos", "--cache", folder / "cache"]
    done = CliRunner().invoke(
        evaluate, [str(tiny_model_path), *map(str, arguments), "--processes", "1", "--report", str(folder)]
    )
    assert done.exit_code == 0, done.output
    assert "| tiny.int8 |" in done.output
    return folder


def test_the_page_is_whole_and_loads_nothing(report: Path) -> None:
    text = (report / "report.html").read_text()
    page = Page(text)
    assert page.open == []
    assert page.sources
    assert all(source.startswith("data:") for source in page.sources)
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?https?:", text)
    assert "Harm: tiny.int8" in text
    # Three clips, each clean, unprocessed and cleaned.
    assert page.counts["audio"] == 9


def test_what_the_page_plays_is_audio() -> None:
    samples, rate_hz = soundfile.read(Path(__file__).parents[2] / "data/hum_5db.noisy.flac", dtype="float32")
    kind, encoded = audio_uri(samples, rate_hz).split(",")
    assert kind == "data:audio/mpeg;base64"
    heard, heard_hz = soundfile.read(io.BytesIO(base64.b64decode(encoded)))
    assert (len(heard), heard_hz) == (len(samples), rate_hz)
    assert ((heard - samples) ** 2).sum() < 0.05 * (samples**2).sum()


def test_every_clip_and_system_has_a_line(report: Path) -> None:
    with (report / "clips.csv").open(newline="") as lines:
        found = list(csv.DictReader(lines))
    assert [(line["system"], line["clip"]) for line in found] == [
        (system, clip)
        for system in ("unprocessed", "tiny.int8")
        for clip in ("electronics_0db", "hum_5db", "sensor_10db")
    ]
    assert {line["noise_class"] for line in found} == {"hum", "sensor", "electronics"}
    assert all(1 <= float(line["pesq_wb"]) <= 4.65 for line in found)


def test_the_record_says_what_was_measured_on_what(report: Path, tiny_model_path: Path) -> None:
    record, rows = read_record(report / "evaluation.json")
    (model,) = (system for system in record["systems"] if system["kind"] == "model")
    manifest = json.loads((tiny_model_path.parent / "tiny.json").read_text())
    assert model["files"] == {tiny_model_path.name: manifest["sha256"]}
    assert record["pairs"]["clips"] == 3
    assert len(rows) == 6
    assert record["summary"]["tiny.int8"]["snr_db"]["5"]["si_sdr_db"] == pytest.approx(
        next(row.scores.si_sdr_db for row in rows if (row.system, row.clip) == ("tiny.int8", "hum_5db")), abs=1e-4
    )
    harm = json.loads((report / "tiny.int8.harm.json").read_text())
    assert harm["sha256"] == manifest["sha256"]
    assert harm["clips"] == 3


def test_another_file_is_not_a_record(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(AudioError, match="is not the evaluation"):
        read_record(tmp_path / "other.json")
