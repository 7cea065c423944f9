"""Training learns, and an interrupted run ends with the same weights as one that went through."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from export.averaging import average_checkpoints
from export.checkpoint import load_denoiser, read_checkpoint
from export.errors import CheckpointError
from export.recipe import MixConfig, ModelConfig, TrainConfig
from export.train import Trainer
from tests.export.conftest import SMALL


def config(data: Path, out: Path, cache: Path, **changes: int) -> TrainConfig:
    settings = {
        "steps": 12,
        "batch": 2,
        "warmup_steps": 4,
        "validate_every": 6,
        "scored_clips": 1,
        "rooms": 4,
        **changes,
    }
    folders = (data / "speech", data / "noise", data / "valid")
    return TrainConfig(*folders, out, cache, SMALL, bfloat16=False, **settings)


def test_training_lowers_the_validation_loss(data: Path, tmp_path: Path) -> None:
    Trainer(config(data, tmp_path / "run", tmp_path / "cache", steps=30, validate_every=10)).run()
    with (tmp_path / "run/curve.csv").open() as lines:
        losses = [float(row["valid_loss"]) for row in csv.DictReader(lines)]
    assert len(losses) == 3
    assert losses[-1] < losses[0]


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(data: Path, tmp_path: Path) -> None:
    whole = Trainer(config(data, tmp_path / "whole", tmp_path / "cache"))
    whole.run()
    first = Trainer(config(data, tmp_path / "halved", tmp_path / "cache"))

    class Interrupted(Exception):
        pass

    def interrupt(row: dict[str, float]) -> None:
        raise Interrupted

    first._log = interrupt  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        first.run()
    assert first.step == 6
    second = Trainer(config(data, tmp_path / "halved", tmp_path / "cache"))
    second.run()
    for name, value in whole.averaged.state_dict().items():
        assert torch.equal(second.averaged.state_dict()[name], value), name
    assert read_checkpoint(tmp_path / "halved/last.pt")["progress"]["step"] == 12


def test_a_run_cannot_go_on_with_other_settings(data: Path, tmp_path: Path) -> None:
    Trainer(config(data, tmp_path / "run", tmp_path / "cache", steps=2, validate_every=2)).run()
    with pytest.raises(CheckpointError, match="another batch, seed"):
        Trainer(config(data, tmp_path / "run", tmp_path / "cache", steps=4, batch=3, seed=2)).run()
    quieter = replace(config(data, tmp_path / "run", tmp_path / "cache", steps=4), mix=MixConfig(level_db=(-50, -40)))
    with pytest.raises(CheckpointError, match="another mix"):
        Trainer(quieter).run()


def test_a_run_starts_from_a_smaller_trained_model(data: Path, tmp_path: Path, checkpoint: Path) -> None:
    larger = ModelConfig(tokens=10, channels=12, full_band=16, blocks=2)
    settings = config(data, tmp_path / "run", tmp_path / "cache", steps=2, validate_every=2)
    best = Trainer(replace(settings, model=larger, start_from=checkpoint, lr=0.0)).run()
    spectrum = torch.randn(1, 8, 257, 2)
    outputs = [model(spectrum, model.initial_states(1))[0] for model in map(load_denoiser, (best, checkpoint))]
    torch.testing.assert_close(outputs[0], outputs[1], atol=1e-5, rtol=0)
    assert read_checkpoint(best)["training"]["start_from"] == checkpoint.name


def test_the_mean_of_checkpoints_is_between_them(data: Path, tmp_path: Path, checkpoint: Path) -> None:
    content = read_checkpoint(checkpoint)
    moved = {name: value + 1.0 for name, value in content["averaged"].items()}
    torch.save({**content, "averaged": moved}, tmp_path / "moved.pt")
    average_checkpoints([checkpoint, tmp_path / "moved.pt"], tmp_path / "mean.pt")
    mean = read_checkpoint(tmp_path / "mean.pt")
    for name, value in content["averaged"].items():
        torch.testing.assert_close(mean["averaged"][name], value + 0.5)
    assert len(mean["training"]["mean_of_sha256"]) == 2
    torch.save({**content, "config": {**content["config"], "channels": 1}}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="another shape"):
        average_checkpoints([tmp_path / "other.pt", checkpoint], tmp_path / "none.pt")


def test_unusable_checkpoints_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_denoiser(tmp_path / "missing.pt")
    (tmp_path / "torn.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match=r"is truncated or no file of torch\.save"):
        load_denoiser(tmp_path / "torn.pt")
    torch.save(
        {"config": {"tokens": 4, "channels": 4, "full_band": 4, "blocks": 1}, "averaged": {}}, tmp_path / "empty.pt"
    )
    with pytest.raises(CheckpointError, match="holds no weights"):
        load_denoiser(tmp_path / "empty.pt")
