"""The perceptual loss agrees with the P.862 that it follows."""

from pathlib import Path

import numpy as np
import soundfile
import torch
from pesq import pesq

from export import stft
from export.perceptual_loss import PerceptualLoss
from export.spec import AudioSpec

CLIPS = Path("tests/data")


def spectrum(samples: np.ndarray) -> torch.Tensor:
    usable = len(samples) // 256 * 256
    return stft.analyse(torch.from_numpy(samples[None, :usable]), AudioSpec())


def pairs() -> list[tuple[np.ndarray, np.ndarray]]:
    clean = sorted(CLIPS.glob("*.clean.flac"))
    noisy = [path.with_name(path.name.replace("clean", "noisy")) for path in clean]
    read = [[soundfile.read(path, dtype="float32")[0] for path in paths] for paths in (noisy, clean)]
    return list(zip(*read, strict=True))


def test_a_score_lost_is_a_score_that_p862_takes() -> None:
    loss, losses, scores = PerceptualLoss(AudioSpec()), [], []
    for noisy, clean in pairs():
        for share in (1.0, 0.3, 0.1, 0.03):
            degraded = clean + share * (noisy - clean)
            losses.append(float(loss(spectrum(degraded), spectrum(clean))))
            scores.append(pesq(16000, clean, degraded, "wb"))
    raw = (3.8224 - np.log(4 / (np.array(scores) - 0.999) - 1)) / 1.3669
    assert np.corrcoef(4.5 - np.array(losses), raw)[0, 1] > 0.97


def test_loudness_does_not_matter_and_the_target_itself_loses_nothing() -> None:
    loss = PerceptualLoss(AudioSpec())
    noisy, clean = (spectrum(samples) for samples in pairs()[0])
    assert loss(clean, clean) < 0.01
    torch.testing.assert_close(loss(noisy * 0.1, clean), loss(noisy, clean), atol=0.01, rtol=0)


def test_gradients_are_finite_where_nothing_differs_and_where_nothing_sounds() -> None:
    loss, silence = PerceptualLoss(AudioSpec()), torch.zeros(1, 60, 257, 2)
    noisy, clean = (spectrum(samples)[:, :60] for samples in pairs()[0])
    for estimate in (silence, clean, noisy, torch.cat([clean[:, :30], silence[:, :30]], 1)):
        leaf = estimate.clone().requires_grad_()
        torch.autograd.backward(loss(leaf, clean))
        assert leaf.grad is not None
        assert torch.isfinite(leaf.grad).all()


def test_silent_targets_do_not_count() -> None:
    loss, silence = PerceptualLoss(AudioSpec()), torch.zeros(1, 60, 257, 2)
    noisy, clean = (spectrum(samples)[:, :60] for samples in pairs()[0])
    assert loss(noisy, silence) == 0
    torch.testing.assert_close(loss(torch.cat([noisy, noisy]), torch.cat([silence, clean])), loss(noisy, clean))
