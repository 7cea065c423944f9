"""Spectra of any rate to the model's bins, and the model's answer back to all bins."""

import numpy as np
from numpy.typing import NDArray

from edge_server.audio.geometry import StreamGeometry

Float32 = NDArray[np.float32]
Complex64 = NDArray[np.complex64]

TOP_BAND_HZ = (5500.0, 7500.0)
"""Where the gain for bins above is measured: just below the end of the model's range, clear of anti-alias slopes.

Bins above it follow that gain, the model's own last ones too where the rate has more: recordings at the model's rate hold
little there to learn from, and its answers left a seam of noise at 8 kHz, 6 dB above both sides.
"""

SILENCE_ENERGY = 1e-9
"""Added to both energies of the top gain, so that digital silence has gain 1; far below one s16 step of noise."""


class BandMap:
    """The way between the bins of one geometry and those of the model.

    Holds no state. Spectra are `rfft` without scaling; a row's numbers do not depend on the other rows, bit for bit.
    """

    def __init__(self, geometry: StreamGeometry) -> None:
        self._shared_bins = min(geometry.bins, geometry.model_bins)
        self._has_top = geometry.bins > geometry.model_bins
        # A tone's magnitude grows with the window; the model is to see the same number at every rate.
        self._to_model_scale = np.float32(geometry.model_rate_hz / geometry.engine_rate_hz)
        self._from_model_scale = np.float32(geometry.engine_rate_hz / geometry.model_rate_hz)
        low, high = (round(edge_hz / geometry.bin_width_hz) for edge_hz in TOP_BAND_HZ)
        self._top_band = slice(low, high + 1)
        self._answered_bins = high + 1 if self._has_top else self._shared_bins

    def to_model(self, spectrum: Complex64, out: Float32) -> None:
        """Write spectra `[..., bins]` as model input `[..., model_bins, 2]`, zero where the rate has no bins."""
        shared = self._shared_bins
        np.multiply(_pairs(spectrum)[..., :shared, :], self._to_model_scale, out=out[..., :shared, :])
        out[..., shared:, :] = 0.0

    def from_model(self, spectrum: Complex64, model_in: Float32, model_out: Float32) -> None:
        """Make dry spectra `[..., bins]` wet: the model's answer, and above TOP_BAND_HZ dry bins times its top gain.

        `model_in` is what `to_model` wrote, `model_out` `[..., model_bins, 2]` what the model answered.
        Mutates: `spectrum`.
        """
        answered = self._answered_bins
        pairs = _pairs(spectrum)
        np.multiply(model_out[..., :answered, :], self._from_model_scale, out=pairs[..., :answered, :])
        if self._has_top:
            pairs[..., answered:, :] *= self._top_gain(model_in, model_out)[..., None, None]

    def _top_gain(self, model_in: Float32, model_out: Float32) -> Float32:
        energy_in = _energy(model_in[..., self._top_band, :]) + np.float32(SILENCE_ENERGY)
        energy_out = _energy(model_out[..., self._top_band, :]) + np.float32(SILENCE_ENERGY)
        gain: Float32 = np.sqrt(energy_out / energy_in)
        return np.minimum(gain, np.float32(1.0), out=gain)


def limit_suppression(dry: Complex64, wet: Complex64, floors: Float32) -> Complex64:
    """Give floor * dry + (1 - floor) * wet, row by row, in the array of `wet`.

    `floors` `[batch]` in 0..1; with 1 the result is `dry` exactly. Mutates: `wet`.
    Source: ARCHITECTURE.md, "Suppression limit".
    """
    column = floors[:, None, None]
    wet_pairs = _pairs(wet)
    wet_pairs *= np.float32(1.0) - column
    wet_pairs += _pairs(dry) * column
    return wet


def _pairs(spectrum: Complex64) -> Float32:
    # Real and imaginary parts as an axis of their own: a view, since a complex64 is two float32 side by side.
    return spectrum.view(np.float32).reshape(*spectrum.shape, 2)


def _energy(bins: Float32) -> Float32:
    # Squared into a contiguous array, so that every row is summed in the same order whatever the batch size.
    squares = np.square(bins, order="C").reshape(*bins.shape[:-2], -1)
    energy: Float32 = np.sum(squares, axis=-1)
    return energy
