"""Uploads in chunks, for tests."""

from typing import Any

import numpy as np

from edge_server.audio.pcm import to_s16
from tests.audio_files import encoded
from tests.conftest import Voice
from tests.namespace_client import NamespaceClient


def recording(noisy_voice: Voice, duration_s: float, sample_rate_hz: int = 16000, seed: int = 51) -> bytes:
    """A noisy recording as a WAV file."""
    return encoded(to_s16(noisy_voice(sample_rate_hz, duration_s, seed)), sample_rate_hz)


def silence(duration_s: float) -> bytes:
    """A long file that is made quickly."""
    return encoded(np.zeros(round(16000 * duration_s), np.int16), 16000)


def create(client: NamespaceClient, data: bytes, name: str = "talk.wav", **more: Any) -> dict[str, Any]:
    """Make a job for these bytes."""
    return dict(client.good("job.create", {"name": name, "size_bytes": len(data), **more})["job"])


def send(client: NamespaceClient, job_id: str, data: bytes, start: int = 0, end: int | None = None) -> dict[str, Any]:
    """Send the chunks from `start` to `end`, and give the last acknowledgement."""
    chunk_bytes = client.good("job.get", {"job_id": job_id})["chunk_bytes"]
    answer: dict[str, Any] = {}
    stop = len(data) if end is None else end
    for offset in range(start, stop, chunk_bytes):
        chunk = data[offset : min(offset + chunk_bytes, stop)]
        answer = client.good("job.chunk", {"job_id": job_id, "offset": offset, "data": chunk})
    return answer


def finished(client: NamespaceClient, job_id: str) -> dict[str, Any]:
    """Wait for the end of a job, and give it."""
    ends = ("done", "failed", "cancelled")
    return dict(client.wait_for("job", lambda job: job["job_id"] == job_id and job["state"] in ends))
