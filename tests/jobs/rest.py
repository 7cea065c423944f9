"""Plain HTTP with a token, for tests."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.running_box import Box


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of a refusal."""
        return str(self.json["error"]["code"])


class Rest:
    """Requests to one box with one token."""

    def __init__(self, box: Box, token: str | None = None) -> None:
        self._url = box.url
        self._token = token

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.request("GET", path, None, **headers)

    def post(self, path: str, fields: Any) -> Answer:
        """POST as JSON."""
        return self.request("POST", path, json.dumps(fields).encode())

    def request(self, method: str, path: str, body: bytes | list[bytes] | None, **headers: str) -> Answer:
        """Any request."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token:
            names["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self._url + path, body, names, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())
