"""Files cleaned by a box in the background, over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_server.client_http import BoxHttp, BoxUnreachableError, RefusedError
from edge_server.errors import EngineFailedError
from edge_server.whole_file import write_whole

_API = "/api/v1/jobs"
_ENDS = ("done", "failed", "cancelled")
_POLL_S = 0.25
_RETRY_S = 1.0

Job = dict[str, Any]


class JobClient:
    """The jobs of one device on one box.

    Every call raises `RefusedError` when the box refuses, `BoxUntrustedError` when its certificate is not known, and
    `BoxUnreachableError` when it cannot be reached for `patience_s`; until then it tries again, which `on_wait` hears, and an
    upload goes on where it broke off.
    """

    def __init__(
        self, http: BoxHttp, token: str, patience_s: float = 30.0, on_wait: Callable[[str], None] = lambda line: None
    ) -> None:
        self._http = http
        self._token = token
        self._patience_s = patience_s
        self._on_wait = on_wait

    def clean(
        self,
        source: Path,
        target: Path,
        suppression_limit_db: float | None = None,
        *,
        on_job: Callable[[Job], None] = lambda job: None,
        on_log: Callable[[str], None] = lambda line: None,
        detail: str = "short",
    ) -> Job:
        """Clean `source` into `target` (.wav or .flac), and give the job, which is then deleted from the box.

        `on_job` hears how far it is, `on_log` each line of the log; `detail` is `short` or `detailed`.
        Raises `EngineFailedError` when the job failed.
        """
        data = source.read_bytes()
        file_format = "flac" if target.suffix.lower() == ".flac" else "wav"
        job = self.create(source.name, len(data), suppression_limit_db, file_format)
        job = self.upload(job["job_id"], data, on_job)
        job = self._follow(job, on_job, on_log, detail)
        if job["state"] != "done":
            raise EngineFailedError((job["error"] or {}).get("message", "The job was cancelled."))
        write_whole(target, self.result(job["job_id"]), 0o644)
        self.delete(job["job_id"])
        return job

    def create(
        self, name: str, size_bytes: int, suppression_limit_db: float | None = None, file_format: str = "wav"
    ) -> Job:
        """A job that waits for its upload."""
        fields = {
            "name": name,
            "size_bytes": size_bytes,
            "suppression_limit_db": suppression_limit_db,
            "format": file_format,
        }
        return dict(self._json("POST", "", json.dumps(fields).encode())["job"])

    def upload(self, job_id: str, data: bytes, on_job: Callable[[Job], None] = lambda job: None) -> Job:
        """Send what is still missing of an upload, and give the job."""
        while True:
            answer = self._json("GET", f"/{job_id}")
            job, chunk_bytes = answer["job"], answer["chunk_bytes"]
            on_job(job)
            if job["state"] != "uploading":
                return dict(job)
            start = job["received_bytes"]
            try:
                self._json("PUT", f"/{job_id}/chunk?offset={start}", data[start : start + chunk_bytes])
            except RefusedError as error:
                # A chunk whose acknowledgement was lost is there already: what the box has is asked for above.
                if error.refused_code not in ("chunk_out_of_place", "job_not_ready"):
                    raise

    def jobs(self) -> list[Job]:
        """The jobs, newest first."""
        return list(self._json("GET", "")["jobs"])

    def log(self, job_id: str, detail: str = "short") -> str:
        """The log of a job as text."""
        return self._request("GET", f"/{job_id}/log?detail={detail}").decode()

    def result(self, job_id: str) -> bytes:
        """The clean file."""
        return self._request("GET", f"/{job_id}/result")

    def cancel(self, job_id: str) -> Job:
        """End a job."""
        return dict(self._json("POST", f"/{job_id}/cancel")["job"])

    def delete(self, job_id: str) -> None:
        """Delete a job and its files."""
        self._json("DELETE", f"/{job_id}")

    def _follow(self, job: Job, on_job: Callable[[Job], None], on_log: Callable[[str], None], detail: str) -> Job:
        told = 0
        while True:
            lines = self.log(job["job_id"], detail).splitlines()
            for line in lines[told:]:
                on_log(line)
            told = len(lines)
            if job["state"] in _ENDS:
                return job
            time.sleep(_POLL_S)
            job = dict(self._json("GET", f"/{job['job_id']}")["job"])
            on_job(job)

    def _json(self, method: str, path: str, body: bytes | None = None) -> Any:
        return json.loads(self._request(method, path, body))

    def _request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        began_s, is_told = time.monotonic(), False
        while True:
            try:
                return self._http.request(method, _API + path, body, "application/octet-stream", self._token)
            except BoxUnreachableError as error:
                if time.monotonic() - began_s > self._patience_s:
                    raise
                if not is_told:
                    is_told = True
                    self._on_wait(f"{error.message} Trying again for {self._patience_s:.0f} s.")
                time.sleep(_RETRY_S)
