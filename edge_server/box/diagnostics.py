"""The diagnostic bundle: what helps to find a fault, and nothing that lets anyone in."""

from __future__ import annotations

import io
import json
import platform
import time
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from edge_server.box.log_ring import REMOVED, without_secrets
from edge_server.config import Settings

# Of the events and statistics only what tells nothing about who was there.
_PRIVATE_FIELDS = frozenset({"device", "address", "session_id", "invitation_id", "label", "room_id", "name", "job_id"})
_README = """Diagnostic bundle of a Hushbox.

It holds versions, settings, facts about the model, counters, statistics of the last two minutes, the last events and the
last lines of the log. Tokens, keys, PINs, invitation codes, addresses and names of devices, names of files and audio are
not in it: they were left out, or replaced by [removed].
"""


def bundle_name(unix_s: float) -> str:
    """What the bundle's file is called."""
    return time.strftime("hushbox-diagnostics-%Y%m%d-%H%M%S.zip", time.localtime(unix_s))


def bundle(parts: Mapping[str, Any], metrics: bytes, log: list[str]) -> bytes:
    """The bundle as a zip file: each part as JSON, the metrics and the log as text."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README)
        for name, part in parts.items():
            archive.writestr(f"{name}.json", without_secrets(json.dumps(scrubbed(part), indent=2)))
        archive.writestr("metrics.txt", without_secrets(metrics.decode()))
        archive.writestr("log.txt", without_secrets("\n".join(log)))
    return target.getvalue()


def scrubbed(part: Any) -> Any:
    """The same without the fields that tell who someone is."""
    if isinstance(part, dict):
        return {name: REMOVED if name in _PRIVATE_FIELDS else scrubbed(value) for name, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [scrubbed(item) for item in part]
    return part


def settings_told(settings: Settings) -> dict[str, Any]:
    """The settings; of paths only their last part, for the others may name a person."""
    values = {item.name: getattr(settings, item.name) for item in fields(settings)}
    return {name: f".../{value.name}" if isinstance(value, Path) else value for name, value in values.items()}


def system_told() -> dict[str, Any]:
    """What the service runs on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
    }
