"""The last lines of the box's log, with secrets removed."""

from __future__ import annotations

import logging
import re
from collections import deque

LINES_KEPT = 1000
_LONGEST_LINE = 2000
REMOVED = "[removed]"
# Each takes away what follows its first group: tokens (JWT), codes and PINs in links and fields, addresses of clients.
_SECRETS = (
    re.compile(r"()eyJ[\w-]+\.[\w.-]*"),
    re.compile(r"(#(?:invite|pin)=)[\w-]+"),
    re.compile(r"(bearer )\S+", re.IGNORECASE),
    re.compile(r"(\bPIN )[\d ]{6,7}"),
    re.compile(r"""(["'](?:token|code|pin|key|ticket)["']: ?["'])[^"']+""", re.IGNORECASE),
    re.compile(r"(\b)(?:\d{1,3}\.){3}\d{1,3}\b"),
)


def without_secrets(text: str) -> str:
    """The text with everything that lets someone in, or tells who someone is, taken out."""
    for secret in _SECRETS:
        text = secret.sub(rf"\1{REMOVED}", text)
    return text


class LogRing(logging.Handler):
    """Keeps the last lines that the process logs. Thread: any."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S"))
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record in; one of many lines counts as many."""
        for line in self.format(record).splitlines():
            self._lines.append(without_secrets(line[:_LONGEST_LINE]))

    def note(self, text: str) -> None:
        """Take in what happened without being a matter for the terminal."""
        self.emit(logging.LogRecord(__name__, logging.INFO, "", 0, text, None, None))

    def __len__(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def last(self, count: int) -> list[str]:
        """The last lines, oldest first."""
        return list(self._lines)[-count:]
