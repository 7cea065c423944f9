"""Every setting and limit of the service, in one frozen object."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

from edge_server.errors import BadRequestError

REPOSITORY = Path(__file__).resolve().parent.parent
ENVIRONMENT_PREFIX = "HUSHBOX_"


def default_data_folder() -> Path:
    """The folder for keys and certificates: $XDG_DATA_HOME/hushbox, or ~/.local/share/hushbox."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "hushbox"


@dataclass(frozen=True, slots=True)
class Settings:
    """What one service may use; every number is a limit with a default.

    Each field is also a command line option (`--http-port`) and an environment variable (`HUSHBOX_HTTP_PORT`);
    its annotation carries the help text.
    Raises `BadRequestError` when a value is out of range.
    """

    data_dir: Annotated[Path, "Folder of the token key and the certificate."] = field(
        default_factory=default_data_folder
    )
    model: Annotated[Path | None, "Model file (.int8.onnx); the default is the shipped one."] = None
    web_dir: Annotated[Path, "Folder of the built page."] = REPOSITORY / "web" / "dist"

    http_host: Annotated[str, "Address of the plain HTTP server (the box itself only)."] = "127.0.0.1"
    http_port: Annotated[int, "Port of the plain HTTP server; 0 picks a free one."] = 8080
    https_host: Annotated[str, "Address of the HTTPS server (the local network)."] = "0.0.0.0"
    https_port: Annotated[int, "Port of the HTTPS server; 0 picks a free one."] = 8443
    https: Annotated[bool, "Serve the local network over HTTPS."] = True

    token_ttl_s: Annotated[int, "Lifetime of a token, in seconds."] = 1800
    token_warning_s: Annotated[int, "How long before its end a token's holder is warned, in seconds."] = 60
    pin_tries: Annotated[int, "Wrong PINs before the PIN is replaced and pairing is locked."] = 5
    pin_lockout_s: Annotated[int, "How long pairing stays locked, in seconds."] = 60

    max_streams: Annotated[int, "Live voices at a time, at most; the self-test may find that fewer fit."] = 1000
    self_test: Annotated[bool, "Measure at the start what live voices cost on this box."] = True
    admit_measured: Annotated[bool, "Admit only as many live voices as the self-test finds to fit."] = True
    engine_threads: Annotated[int, "Threads that run the model, at most one fewer than there are cores."] = 2
    max_batch: Annotated[int, "Frames in one inference call."] = 64
    max_connections: Annotated[int, "Open connections per server, HTTP and WebSocket together."] = 2048
    max_mistakes: Annotated[int, "Messages of one client in 10 s that are of no use, before it is parted from."] = 200
    max_connects_per_s: Annotated[float, "New connections of one address in a second, in the long run."] = 40.0
    max_requests_per_s: Annotated[
        float, "Requests of one address in a second, in the long run, besides long polling."
    ] = 100.0
    max_backlog_packets: Annotated[int, "Unanswered packets of one stream before packets are dropped."] = 50
    max_gap_s: Annotated[float, "Longest gap in a stream that is filled with silence, in seconds."] = 1.0
    resume_s: Annotated[float, "How long a stream waits for its client after a break, in seconds."] = 15.0
    deadline_ms: Annotated[int, "A frame that waits longer is answered with dry audio, in milliseconds."] = 60
    max_outbound_packets: Annotated[int, "Packets waiting for a client that does not read before audio is dropped."] = (
        128
    )
    max_outbound_bytes: Annotated[int, "Bytes waiting for a client that does not read, beside one clip."] = (
        4 * 1024 * 1024
    )
    max_message_bytes: Annotated[int, "Largest live message, in bytes."] = 64 * 1024

    max_clip_bytes: Annotated[int, "Largest encoded file, in bytes."] = 64 * 1024 * 1024
    max_clip_s: Annotated[int, "Longest file, in seconds."] = 1800
    max_clip_samples: Annotated[int, "Most samples of a file, whose clean WAV has two bytes for each."] = 90_000_000
    max_clips: Annotated[int, "Files being received or cleaned at a time."] = 2

    upload_wait_s: Annotated[float, "How long a file waits for others that are being received, in seconds."] = 5.0
    upload_timeout_s: Annotated[float, "Longest time to receive a file, in seconds."] = 300.0

    max_running_jobs: Annotated[int, "Background files being cleaned at a time."] = 2
    max_jobs: Annotated[int, "Background files that the box keeps."] = 200
    max_jobs_per_device: Annotated[int, "Background files that the box keeps for one device."] = 20
    max_job_storage_bytes: Annotated[int, "Bytes of all background files, uploads and results."] = 4 * 1024**3
    min_free_disk_bytes: Annotated[int, "Bytes that stay free on the disk of the data folder."] = 256 * 1024**2
    job_chunk_bytes: Annotated[int, "Largest chunk of an upload, in bytes."] = 128 * 1024
    job_ttl_s: Annotated[int, "How long a background file is kept after its end, in seconds."] = 86_400
    job_upload_ttl_s: Annotated[int, "How long an upload that does not go on is kept, in seconds."] = 3600
    max_job_log_entries: Annotated[int, "Entries in the log of one background file."] = 2000

    max_rooms: Annotated[int, "Rooms at a time."] = 8
    max_room_members: Annotated[int, "People in one room."] = 32
    room_backlog_packets: Annotated[int, "Packets that wait for a listener before the oldest are left out."] = 25
    max_room_messages: Annotated[int, "Messages that a room remembers."] = 200
    room_ttl_s: Annotated[int, "Lifetime of a room, in seconds."] = 4 * 3600
    room_empty_s: Annotated[int, "How long a room stays open with nobody in it, in seconds."] = 300

    max_invitations: Annotated[int, "Open invitations at a time."] = 200
    max_unanswered_events: Annotated[int, "Events of one client in one namespace that wait for their answer."] = 16

    handshake_timeout_s: Annotated[float, "Time to finish a TLS handshake and to authenticate, in seconds."] = 10.0
    http_timeout_s: Annotated[float, "Time for the head of an HTTP request, and for a posted body, in seconds."] = 30.0
    ping_interval_s: Annotated[int, "Interval of keep-alive pings, in seconds."] = 10
    ping_timeout_s: Annotated[int, "Time a client has to answer a ping, in seconds."] = 10
    housekeeping_s: Annotated[float, "Interval at which token deadlines are checked, in seconds."] = 1.0
    stats_interval_s: Annotated[float, "Interval at which owners are sent statistics, in seconds."] = 1.0
    probe_timeout_s: Annotated[float, "Deadline of the probe behind /readyz, in seconds."] = 1.0
    stop_timeout_s: Annotated[float, "Longest wait for live streams to flush at shutdown, in seconds."] = 3.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            lowest = 0 if item.name.endswith("_port") else 0.001 if isinstance(value, float) else 1
            if value < lowest or (item.name.endswith("_port") and value > 65535):
                raise BadRequestError(f"The setting {item.name} cannot be {value}.")

    @property
    def longest_break_s(self) -> float:
        """How long a client may have been away and go on with its stream: the box notices late, and waits from then on."""
        return 2.0 * (self.ping_interval_s + self.ping_timeout_s) + self.resume_s + self.max_gap_s

    @property
    def token_key_file(self) -> Path:
        """The file of the token key."""
        return self.data_dir / "token.key"

    @property
    def database_file(self) -> Path:
        """The file of what the box remembers."""
        return self.data_dir / "hushbox.sqlite3"

    @property
    def jobs_folder(self) -> Path:
        """The folder of uploads and clean files."""
        return self.data_dir / "jobs"

    @property
    def certificate_folder(self) -> Path:
        """The folder of the certificate and its private key."""
        return self.data_dir / "tls"
