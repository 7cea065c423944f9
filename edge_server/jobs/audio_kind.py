"""Which uploads can be audio at all, told before they are sent."""

from __future__ import annotations

from pathlib import PurePath

from edge_server.errors import FileTypeRefusedError
from edge_server.offline.plan import AUDIO_SUFFIXES

UPLOAD_SUFFIXES = tuple(sorted(AUDIO_SUFFIXES))
START_BYTES = 12
"""So many bytes tell every kind from the others."""

_STARTS = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"ID3", b"FORM", b".snd", b"caff", b"riff")
_OTHERS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1a\x45\xdf\xa3": "a WebM or Matroska video",
    b"<htm": "a web page",
    b"<!DO": "a web page",
    b"#!AM": "an AMR recording, which this box cannot read",
}


def require_audio_name(name: str) -> None:
    """Raise `FileTypeRefusedError` for a name whose ending is not one of `UPLOAD_SUFFIXES`."""
    suffix = PurePath(name).suffix.lower()
    if suffix not in AUDIO_SUFFIXES:
        what = f"Files ending in {suffix[:12]}" if suffix else "Files without an ending"
        raise FileTypeRefusedError(f"{what} are not taken here; WAV, FLAC, Ogg, MP3, AIFF, AU and CAF are.")


def require_audio_start(start: bytes) -> None:
    """Raise `FileTypeRefusedError` for the first bytes of what cannot be audio; says what it is instead, if known."""
    if start.startswith(_STARTS) or _is_mpeg_frame(start):
        return
    if start[4:8] == b"ftyp":
        raise FileTypeRefusedError("This is an MP4 or M4A file, which this box cannot read; convert it to MP3 or FLAC.")
    for magic, name in _OTHERS.items():
        if start.startswith(magic):
            raise FileTypeRefusedError(f"This is {name}, not an audio file that this box can read.")
    raise FileTypeRefusedError("This is not an audio file that this box can read, whatever its name says.")


def _is_mpeg_frame(start: bytes) -> bool:
    # Eleven bits of synchronisation, then a version and a layer that exist.
    return len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0 and start[1] & 0x06 != 0
