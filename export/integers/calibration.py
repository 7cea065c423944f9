"""What streamed audio showed of a graph's activations."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from export.integers.weights import Range


@dataclass(frozen=True)
class Calibration:
    """The range of every activation, and what is known of some.

    `samples` are values that were seen. `factors` `[inputs]` are what the channels of an uneven activation are divided by
    before they become integers; its range is then that of the quotient. `moments` `[inputs, inputs]` of the activations of
    products are the mean of their rows (as they came) times themselves.
    """

    ranges: dict[str, Range]
    samples: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    factors: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    moments: dict[str, NDArray[np.float64]] = field(default_factory=dict)
