"""Who may start a voice: the box carries so much, and the last of it is for devices that have next to none. Pure."""

from __future__ import annotations

from collections.abc import Collection

from edge_server.engine.worker import Engine
from edge_server.errors import TooManyStreamsError
from edge_server.sessions.live_voice import LiveVoice, VoiceRequest

_KEPT_SHARE = 0.25
_FEW = 2
"""One that runs, beside one that still waits for a page that was loaded again."""


def require_share(device: str, request: VoiceRequest, voices: Collection[LiveVoice], engine: Engine) -> None:
    """Let a device with two voices have more only while more than a quarter of all that are admitted is free.

    So no device has all of them, however many streams it starts. Where the box was measured, a voice with short packets
    counts as many with packets of 20 ms; one alone is always let in. That there are as many voices as may be, the engine
    says. Raises `TooManyStreamsError`.
    """
    carried, wanted = engine.carried_live_streams, request.voices
    taken = sum(voice.request.voices for voice in voices)
    if carried is None:
        taken, wanted = len(voices), 1.0
    elif voices and taken + wanted > carried:
        short = f", and one with packets as short as these counts as {wanted:.3g}" * (wanted > 1)
        raise TooManyStreamsError(
            f"This box is full: {taken:.0f} of {carried} live voices{short}.", engine.config.retry_after_s
        )
    admitted = engine.admitted_live_streams
    kept = int(_KEPT_SHARE * admitted)
    if len(voices) >= admitted or taken + wanted <= admitted - kept:
        return
    own = sum(voice.device == device for voice in voices)
    if own >= _FEW:
        raise TooManyStreamsError(
            f"The last {kept} of {admitted} live voices are for other devices: this one has {own}.",
            engine.config.retry_after_s,
        )
