"""Numbers as the log of a job writes them."""

from __future__ import annotations

import math


def bytes_text(size_bytes: float) -> str:
    """Bytes, kB or MB, with the digits that matter."""
    if size_bytes < 1000:
        return f"{size_bytes:.0f} bytes"
    if size_bytes < 1_000_000:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def play_time_text(duration_s: float) -> str:
    """Minutes and seconds, and hours where there are some."""
    minutes, seconds = divmod(math.floor(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def lasting_text(duration_s: float) -> str:
    """A short time in seconds, a long one in hours."""
    return f"{duration_s:.1f} s" if duration_s < 120 else f"{duration_s / 3600:.1f} h"


def limit_text(suppression_limit_db: float | None) -> str:
    """The suppression limit in words."""
    return "without a limit" if suppression_limit_db is None else f"by {suppression_limit_db:g} dB at most"


def level_text(mean_square: float) -> str:
    """The level of audio in dB below full scale."""
    return f"{10 * math.log10(mean_square):.0f} dB" if mean_square > 1e-12 else "silence"
