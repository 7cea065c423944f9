"""DNSMOS P.835: how people would rate speech, background and the whole, predicted without the clean original."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.runtime import open_session

Samples = NDArray[np.float32]

RATE_HZ = 16000
WINDOW_S = 9.01
SIG, BAK, OVRL = (
    (-0.08397278, 1.22083953, 0.0052439),
    (-0.13166888, 1.60915514, -0.39604546),
    (-0.06766283, 1.11546468, 0.04602535),
)
"""Second-order polynomials from raw scores to MOS. Source: Reddy et al. 2022 (arXiv:2110.01763) and its published code."""


def make_dnsmos(path: Path) -> Callable[[Samples], tuple[float, float, float]]:
    """Return a function from samples at 16 kHz to (SIG, BAK, OVRL) MOS.

    The authors' protocol: shorter clips are repeated, longer ones averaged over shifts of one second.
    """
    session = open_session(path)
    name = session.get_inputs()[0].name
    window = int(WINDOW_S * RATE_HZ)

    def rate(samples: Samples) -> tuple[float, float, float]:
        while len(samples) < window:
            samples = np.append(samples, samples)
        hops = int(len(samples) / RATE_HZ - WINDOW_S) + 1
        segments = np.stack([samples[hop * RATE_HZ : hop * RATE_HZ + window] for hop in range(hops)])
        raw = session.run(None, {name: segments.astype(np.float32)})[0]
        sig, bak, ovrl = (np.polyval(fit, raw[:, column]).mean() for column, fit in enumerate((SIG, BAK, OVRL)))
        return float(sig), float(bak), float(ovrl)

    return rate
