"""What README.md tells a newcomer to type works as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio_files import encoded
from tests.running_box import running_box

README = (Path(__file__).parents[2] / "README.md").read_text()


def test_the_python_example_runs(tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert "https://localhost:8443" in example
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(-3000, 3000, 24000).astype(np.int16)
    Path("noisy.wav").write_bytes(encoded(noise, 16000))
    with running_box(tiny_model_path, tmp_path / "box", https=True) as box:
        monkeypatch.setenv("TOKEN", box.token())
        exec(example.replace("https://localhost:8443", box.https_url), {})
    clean, rate_hz = soundfile.read("clean.wav", dtype="int16")
    assert rate_hz == 16000
    assert clean.shape == noise.shape
    assert clean.any()


def test_every_link_leads_somewhere() -> None:
    root = Path(__file__).parents[2]
    links = [link for link in re.findall(r"\]\(([^)#]+)", README) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (root / link).exists()] == []
