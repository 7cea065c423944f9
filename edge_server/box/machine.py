"""What the machine below the service says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil


class Machine:
    """Reads the figures of this process and its machine. Thread: one at a time, any."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._process.cpu_percent()

    def read(self) -> dict[str, Any]:
        """The figures now; the processor's load is that since the last reading."""
        return {
            "cpu_percent": self._process.cpu_percent(),
            "memory_bytes": self._process.memory_info().rss,
            "disk_free_bytes": psutil.disk_usage(str(self._data_dir)).free,
        }
