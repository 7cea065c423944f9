"""The last voices of a box are for devices that have next to none. Pure."""

from __future__ import annotations

from collections.abc import Collection

from edge_server.engine.worker import Engine
from edge_server.errors import TooManyStreamsError
from edge_server.sessions.live_voice import LiveVoice

_KEPT_SHARE = 0.25
_FEW = 2
"""One that runs, beside one that still waits for a page that was loaded again."""


def require_share(device: str, voices: Collection[LiveVoice], engine: Engine) -> None:
    """Let a device with two voices have more only while more than a quarter of all that are admitted is free.

    So no device has all of them, however many streams it starts; that a box is full, the engine says. Raises
    `TooManyStreamsError`.
    """
    admitted = engine.admitted_live_streams
    kept = int(_KEPT_SHARE * admitted)
    if not admitted - kept <= len(voices) < admitted:
        return
    own = sum(voice.device == device for voice in voices)
    if own >= _FEW:
        raise TooManyStreamsError(
            f"The last {kept} of {admitted} live voices are for other devices: this one has {own}.",
            engine.config.retry_after_s,
        )
