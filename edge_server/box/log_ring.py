"""The last lines of the box's log, with secrets removed."""

from __future__ import annotations

import logging
import re
import time
from collections import deque

LINES_KEPT = 1000
_LONGEST_MESSAGE = 1950
"""Characters of a line; 2000 with its time and level."""
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
        self._lines: deque[tuple[float, str, str]] = deque(maxlen=LINES_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record in; one of many lines counts as many."""
        for line in self.format(record).splitlines():
            self._lines.append((record.created, record.levelname, without_secrets(line[:_LONGEST_MESSAGE])))

    def note(self, at_s: float, sentence: str) -> None:
        """Take in what happened without being a matter for the terminal: words of the box's own, which name nobody."""
        self._lines.append((at_s, "INFO", sentence))

    def __len__(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def last(self, count: int) -> list[str]:
        """The last lines with their time and level, oldest first."""
        # Written out here, and not as they come: whoever comes and goes makes lines, and the owner seldom reads them.
        return [
            f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at_s))} {level} {line}"
            for at_s, level, line in list(self._lines)[-count:]
        ]
