"""How a stream of some sample rate is cut into frames for a model of another rate."""

from dataclasses import dataclass

from edge_server.errors import UnsupportedRateError

SUPPORTED_RATES_HZ = (8000, 16000, 24000, 32000, 44100, 48000)
RESAMPLED_RATE_HZ = 44100
"""The one supported rate whose windows would not be whole samples; it runs at 48 kHz inside."""


def nearest_supported_rate(sample_rate_hz: int) -> int:
    """Give the rate to denoise a file at: its own if supported, else the next supported one above, at most 48 kHz."""
    return min((rate for rate in SUPPORTED_RATES_HZ if rate >= sample_rate_hz), default=SUPPORTED_RATES_HZ[-1])


@dataclass(frozen=True, slots=True)
class StreamGeometry:
    """The sizes of one stream: rates in Hz, window and hop in samples at the engine's rate, bins of a spectrum.

    `bins` belong to a frame at the engine's rate, `model_bins` to a frame at the model's rate; both are equally wide.
    """

    sample_rate_hz: int
    engine_rate_hz: int
    model_rate_hz: int
    window_samples: int
    hop_samples: int
    bins: int
    model_bins: int

    @classmethod
    def for_rate(
        cls, sample_rate_hz: int, *, model_rate_hz: int, window_samples: int, hop_samples: int
    ) -> "StreamGeometry":
        """Give the geometry of a stream at `sample_rate_hz`, from the model's own rate, window and hop.

        Raises UnsupportedRateError for a rate outside `SUPPORTED_RATES_HZ`, or one the model's window does not fit.
        """
        if sample_rate_hz not in SUPPORTED_RATES_HZ:
            supported = ", ".join(str(rate) for rate in SUPPORTED_RATES_HZ)
            raise UnsupportedRateError(f"{sample_rate_hz} Hz is not supported; use one of {supported} Hz.")
        engine_rate_hz = 48000 if sample_rate_hz == RESAMPLED_RATE_HZ else sample_rate_hz
        window, window_rest = divmod(window_samples * engine_rate_hz, model_rate_hz)
        hop, hop_rest = divmod(hop_samples * engine_rate_hz, model_rate_hz)
        if window_rest or hop_rest or window != 2 * hop:
            raise UnsupportedRateError(f"The model's window cannot be carried over to {sample_rate_hz} Hz.")
        return cls(
            sample_rate_hz=sample_rate_hz,
            engine_rate_hz=engine_rate_hz,
            model_rate_hz=model_rate_hz,
            window_samples=window,
            hop_samples=hop,
            bins=window // 2 + 1,
            model_bins=window_samples // 2 + 1,
        )

    @property
    def bin_width_hz(self) -> float:
        """Give the distance between two bins in Hz."""
        return self.engine_rate_hz / self.window_samples

    @property
    def resampled(self) -> bool:
        """Say whether the stream is resampled on its way in and out."""
        return self.sample_rate_hz != self.engine_rate_hz
