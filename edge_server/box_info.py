"""What a box says about itself."""

from __future__ import annotations

from typing import Any

from edge_server import __version__
from edge_server.audio.geometry import SUPPORTED_RATES_HZ
from edge_server.config import Settings
from edge_server.engine.model_file import ModelFile
from edge_server.jobs.audio_kind import UPLOAD_SUFFIXES
from edge_server.jobs.clip import CLIP_FORMATS
from edge_server.sessions.admission import Admission
from edge_server.sessions.live_voice import MAX_PACKET_MS, MIN_PACKET_MS
from edge_server.transport.packets import VERSION


def box_info(settings: Settings, model: ModelFile, admission: Admission, live_streams: int) -> dict[str, Any]:
    """Versions, model facts and limits, as `/api/v1/info` gives them."""
    return {
        "name": "hushbox",
        "version": __version__,
        "packet_version": VERSION,
        "model": _model_info(model),
        "sample_rates_hz": list(SUPPORTED_RATES_HZ),
        "clip_formats": list(CLIP_FORMATS),
        "upload_suffixes": list(UPLOAD_SUFFIXES),
        "limits": _limits(settings) | {"max_streams": admission.voices},
        "capacity": admission.to_dict(),
        "live_streams": live_streams,
    }


def _model_info(model: ModelFile) -> dict[str, Any]:
    facts = model.facts
    return {
        "name": facts.name,
        "sample_rate_hz": facts.sample_rate_hz,
        "window_samples": facts.window_samples,
        "hop_samples": facts.hop_samples,
        "licence": facts.licence,
        "training_data": facts.training_data,
        "sha256": model.sha256,
    }


def _limits(settings: Settings) -> dict[str, Any]:
    return {
        "packet_ms": [MIN_PACKET_MS, MAX_PACKET_MS],
        "max_backlog_packets": settings.max_backlog_packets,
        "deadline_ms": settings.deadline_ms,
        "max_gap_s": settings.max_gap_s,
        "resume_s": settings.resume_s,
        "max_clip_bytes": settings.max_clip_bytes,
        "max_clip_s": settings.max_clip_s,
        "max_clip_samples": settings.max_clip_samples,
        "max_clips": settings.max_clips,
        "token_ttl_s": settings.token_ttl_s,
        "job_chunk_bytes": settings.job_chunk_bytes,
        "job_ttl_s": settings.job_ttl_s,
        "job_upload_ttl_s": settings.job_upload_ttl_s,
        "max_jobs_per_device": settings.max_jobs_per_device,
        "room_ttl_s": settings.room_ttl_s,
        "room_empty_s": settings.room_empty_s,
        "room_backlog_packets": settings.room_backlog_packets,
        "max_room_members": settings.max_room_members,
    }
