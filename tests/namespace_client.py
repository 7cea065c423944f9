"""A client of the control namespaces, over one connection."""

import threading
from types import TracebackType
from typing import Any

import pytest
import socketio
from socketio.exceptions import ConnectionError as SocketIoConnectionError

from tests.running_box import Box

TIMEOUT_S = 20.0


class NamespaceClient:
    """Joins namespaces of a box with one token, calls events, and keeps what is pushed."""

    def __init__(self, box: Box, token: str, *namespaces: str, serializer: str = "msgpack") -> None:
        self._changed = threading.Condition()
        self._pushed: list[tuple[str, str, Any]] = []
        self._namespace = namespaces[0]
        self.socket = socketio.Client(reconnection=False, serializer=serializer, handle_sigint=False)
        for namespace in namespaces:
            self.socket.on("*", self._taker(namespace), namespace=namespace)
        self.socket.connect(
            box.url,
            auth={"token": token},
            namespaces=list(namespaces),
            transports=["websocket"],
            wait_timeout=TIMEOUT_S,
        )

    def __enter__(self) -> "NamespaceClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.disconnect()

    def call(self, event: str, argument: Any = None, namespace: str | None = None) -> dict[str, Any]:
        """Send an event and give its acknowledgement."""
        answer = self.socket.call(event, argument or {}, namespace=namespace or self._namespace, timeout=TIMEOUT_S)
        return dict(answer)

    def good(self, event: str, argument: Any = None, namespace: str | None = None) -> dict[str, Any]:
        """Send an event that has to be answered well."""
        answer = self.call(event, argument, namespace)
        assert answer.pop("ok") is True, answer
        return answer

    def refused(self, event: str, argument: Any = None, namespace: str | None = None) -> str:
        """Send an event that has to be refused, and give the code."""
        answer = self.call(event, argument, namespace)
        assert answer["ok"] is False, answer
        return str(answer["error"]["code"])

    def pushed(self, event: str) -> list[Any]:
        """Everything pushed so far under this name."""
        with self._changed:
            return [argument for _, name, argument in self._pushed if name == event]

    def wait_for(self, event: str, wanted: Any = lambda argument: True) -> Any:
        """The first pushed event of this name that is wanted."""

        def found() -> list[Any]:
            return [argument for _, name, argument in self._pushed if name == event and wanted(argument)]

        with self._changed:
            assert self._changed.wait_for(found, TIMEOUT_S), f"{event} did not come; pushed: {self._pushed[-5:]}"
            return found()[0]

    def _taker(self, namespace: str) -> Any:
        def take(event: str, *arguments: Any) -> None:
            with self._changed:
                self._pushed.append((namespace, event, arguments[0] if arguments else None))
                self._changed.notify_all()

        return take


def refusal(box: Box, token: str, namespace: str) -> str:
    """The code with which a namespace refuses to be joined."""
    refusals: list[Any] = []
    client = socketio.Client(reconnection=False, serializer="msgpack", handle_sigint=False)
    client.on("connect_error", refusals.append, namespace=namespace)
    with pytest.raises(SocketIoConnectionError):
        client.connect(box.url, auth={"token": token}, namespaces=[namespace], transports=["websocket"])
    return str(refusals[0]["data"]["code"])
