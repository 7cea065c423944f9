"""A real box on loopback ports, served by a thread of the test's process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_server.app import Clocks, Service
from edge_server.auth.tokens import SPEAKER
from edge_server.client import DenoiseClient
from edge_server.config import Settings

# No frame may come back dry because a busy machine was slow: the tests compare samples.
NEVER_LATE_MS = 120_000
START_TIMEOUT_S = 30.0


def wait_until(condition: Callable[[], Any]) -> None:
    """Look again and again until it is so."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)


@dataclass
class Clock:
    """Unix time that a test can push forward, and a wall clock that it can let jump."""

    ahead_s: float = 0.0
    jumped_s: float = 0.0

    def __call__(self) -> float:
        """Give the time in seconds."""
        return time.time() + self.ahead_s

    def wall(self) -> float:
        """Give what the wall clock shows."""
        return self() + self.jumped_s


@dataclass
class Box:
    """A running service, seen from outside."""

    service: Service
    clock: Clock
    pins: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Give the address of the plain HTTP server."""
        return f"http://127.0.0.1:{self.service.http_port}"

    @property
    def https_url(self) -> str:
        """Give the address of the HTTPS server."""
        return f"https://127.0.0.1:{self.service.https_port}"

    @property
    def certificate(self) -> Path:
        """Give the file of the box's certificate."""
        return self.service.settings.certificate_folder / "certificate.pem"

    def token(self, ttl_s: int = 3600) -> str:
        """Issue a token."""
        return self.service.tokens.issue(SPEAKER, ttl_s=ttl_s).token

    def client(self, token: str | None = None) -> DenoiseClient:
        """Give a client with a token, not connected yet."""
        return DenoiseClient(self.url, token or self.token())


@contextmanager
def running_box(model: Path, data_dir: Path, **settings: Any) -> Iterator[Box]:
    """Run a box with these settings; it is stopped in order at the end."""
    chosen: dict[str, Any] = {
        "http_port": 0,
        "https": False,
        "https_host": "127.0.0.1",
        "https_port": 0,
        "deadline_ms": NEVER_LATE_MS,
        "housekeeping_s": 0.02,
        # What fits on a busy machine is not what a test wants to depend on.
        "self_test": False,
    }
    clock = Clock()
    boxes: list[Box] = []
    failures: list[BaseException] = []
    started = threading.Event()

    def serve() -> None:
        pins: list[str] = []
        try:
            service = Service(
                Settings(data_dir=data_dir, model=model, **(chosen | settings)),
                Clocks(unix=clock.wall, steady_unix=clock),
                pins.append,
            )
            service.start()
        except BaseException as error:
            failures.append(error)
            started.set()
            raise
        boxes.append(Box(service, clock, pins))
        started.set()
        service.stopped.wait()

    thread = threading.Thread(target=serve, name="box")
    thread.start()
    assert started.wait(START_TIMEOUT_S)
    assert not failures
    try:
        yield boxes[0]
    finally:
        boxes[0].service.request_stop()
        thread.join(START_TIMEOUT_S)
        assert not thread.is_alive()
