"""The HTTP side of the Python client."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

from edge_server.errors import BadRequestError, BoxUntrustedError, EngineFailedError, HushboxError


class RefusedError(HushboxError):
    """A refusal of the box, with the code that it gave."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "The box refused.")))
        self.error = error
        self.refused_code = str(error.get("code", "internal"))


class BoxUnreachableError(EngineFailedError):
    """The box does not answer, or its connection broke."""


class BoxHttp:
    """Requests to one box; `ca` is its certificate file, and `insecure` does without. Raises `BadRequestError` for no address."""

    def __init__(self, url: str, ca: Path | None, insecure: bool, timeout_s: float) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadRequestError(f"{url} is no address of a box; one is like https://192.168.1.20:8443.")
        self._url = url
        self._ca = ca
        self._insecure = insecure
        self._timeout_s = timeout_s

    def post(self, path: str, body: bytes, content_type: str, token: str | None) -> bytes:
        """The body of the answer to a POST. Raises what `request` raises."""
        return self.request("POST", path, body, content_type, token)

    def request(self, method: str, path: str, body: bytes | None, content_type: str, token: str | None) -> bytes:
        """The body of the answer.

        Raises `RefusedError`, `BoxUntrustedError`, and `BoxUnreachableError` when the box cannot be reached.
        """
        headers = {"Content-Type": content_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self._url + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s, context=self.tls_context()) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            raise RefusedError(_error_object(error.read())) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, ssl.SSLCertVerificationError):
                raise BoxUntrustedError(
                    f"{self._url} shows a certificate that is not trusted here. Give the box's own (tls/certificate.pem in its"
                    " data folder) with --ca, or take any with --insecure."
                ) from error
            told = getattr(reason, "strerror", None) or reason
            raise BoxUnreachableError(f"{self._url} cannot be reached: {told}.") from error

    def tls_context(self) -> ssl.SSLContext | None:
        """What the box's certificate is checked with; None for plain HTTP."""
        if not self._url.startswith("https"):
            return None
        context = ssl.create_default_context(cafile=str(self._ca) if self._ca else None)
        if self._insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _error_object(body: bytes) -> dict[str, Any]:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return {"code": "internal", "message": "The box answered with something unreadable."}
    return dict(error)
