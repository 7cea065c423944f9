"""A client in Python: live streams, files and pairing over the network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import socketio
from socketio.exceptions import ConnectionError as SocketIoConnectionError
from socketio.exceptions import SocketIOError

from edge_server.client_http import BoxHttp, BoxUnreachableError, RefusedError
from edge_server.client_jobs import JobClient
from edge_server.client_stream import Pcm, RecordingStream, StreamedAudio
from edge_server.client_tls import connect_tls
from edge_server.errors import BadRequestError, EngineFailedError
from edge_server.transport.packets import KIND_SILENCE, AudioPacket, decode_answer, encode_packet, silent_packets
from edge_server.transport.socketio_packet import NAMESPACE

_LATE_GOODBYE_S = 0.2
_EVENTS_KEPT = 4096


@dataclass(slots=True)
class _Inbox:
    """What the box has sent so far. Thread: any; guarded by `changed`."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    answers: list[AudioPacket] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    goodbye: dict[str, Any] | None = None
    broken: str | None = None
    """How the connection broke, in python-socketio's words."""


class DenoiseClient:
    """One connection to a box. Use it as a context manager, or call `close`.

    `url` is like `https://192.168.1.20:8443`; `ca` is the box's certificate file, and `insecure` does without.
    Every call raises `RefusedError` when the box refuses, `EngineFailedError` when it does not answer in time.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        ca: Path | None = None,
        insecure: bool = False,
        timeout_s: float = 30.0,
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._timeout_s = timeout_s
        self.http = BoxHttp(self.url, ca, insecure, timeout_s)
        self._inbox = _Inbox()
        self._refusal: dict[str, Any] | None = None
        self._socket = self._make_socket()

    def __enter__(self) -> DenoiseClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def pair(self, pin: str) -> str:
        """Buy a token with the PIN that the box shows; it is kept for the calls that follow."""
        answer = json.loads(self.http.post("/api/v1/pair", json.dumps({"pin": pin}).encode(), "application/json", None))
        self.token = str(answer["token"])
        return self.token

    def connect(self) -> None:
        """Connect to the live namespace; `stream`, `clip` and `call` do so when needed."""
        if self._socket.connected:
            return
        self._refusal = None
        self._inbox.broken, self._inbox.goodbye = None, None
        try:
            context = self.http.tls_context()
            if context is not None:
                connection = connect_tls(self.url, context, self._timeout_s)
                self._socket.eio.websocket_extra_options["socket"] = connection
            self._socket.connect(
                self.url,
                auth={"token": self.token},
                namespaces=[NAMESPACE],
                transports=["websocket"],
                wait_timeout=self._timeout_s,
            )
        except (SocketIoConnectionError, OSError, ValueError) as error:
            # ValueError: python-engineio has not cleared away yet what is left of a connection that broke.
            if self._refusal is not None:
                raise RefusedError(self._refusal) from error
            raise BoxUnreachableError(f"{self.url} cannot be reached: {error}.") from error

    def close(self) -> None:
        """Disconnect."""
        self._socket.disconnect()

    def call(self, event: str, argument: Any, anew: bool = True) -> dict[str, Any]:
        """Send a control event, over a new connection if there is none and `anew`, and give what its acknowledgement holds."""
        if anew:
            self.connect()
        elif self._inbox.broken is not None:
            raise BoxUnreachableError(f"The connection broke ({self._inbox.broken}) before {event}.")
        acknowledged: list[Any] = []

        def take(answer: Any = None) -> None:
            with self._inbox.changed:
                acknowledged.append(answer)
                self._inbox.changed.notify_all()

        try:
            self._emit(event, argument, take)
            with self._inbox.changed:
                self._wait(lambda: acknowledged, f"an answer to {event}")
        except BoxUnreachableError as error:
            # Whoever goes on with a stream looks first whether all of it has come.
            if anew and (goodbye := self._late_goodbye()):
                raise RefusedError(goodbye) from error
            raise
        answer = acknowledged[0]
        if not isinstance(answer, dict) or not answer.get("ok"):
            raise RefusedError((answer or {}).get("error", {}))
        return answer

    def send_audio(self, packet: AudioPacket) -> None:
        """Send one audio packet; its answer comes into `answers`."""
        self._emit("audio", encode_packet(packet))

    @property
    def next_answer(self) -> int:
        """The number after the last one that was answered since the stream began."""
        with self._inbox.changed:
            return max(self._inbox.numbers, default=-1) + 1

    @property
    def goodbye(self) -> dict[str, Any] | None:
        """Why the box has ended this connection, if it has said so."""
        return self._inbox.goodbye

    def wait_for_event(self, event: str) -> Any:
        """The argument of the next event of this name that was not taken yet."""
        with self._inbox.changed:
            self._wait(lambda: any(name == event for name, _ in self._inbox.events), f"the event {event}", over=False)
            index = next(i for i, (name, _) in enumerate(self._inbox.events) if name == event)
            return self._inbox.events.pop(index)[1]

    def wait_for_answers(self, count: int) -> list[AudioPacket]:
        """All answers so far, in order, once they answer `count` packets."""
        with self._inbox.changed:
            self._wait(lambda: len(self._inbox.numbers) >= count, f"{count} packets")
            return sorted(self._inbox.answers, key=lambda packet: packet.sequence)

    def stream(
        self,
        samples: Pcm,
        sample_rate_hz: int,
        packet_ms: float = 20,
        realtime: bool = True,
        suppression_limit_db: float | None = None,
    ) -> StreamedAudio:
        """Denoise int16 samples through a live stream; the result has as many, aligned with the input.

        With `realtime` the packets go out as a microphone would send them, else as fast as the box answers. A connection
        that breaks is made anew, and the stream goes on where the box left off.
        Raises BadRequestError for samples that are not int16: a float would be cut to 0 or 1.
        """
        if samples.dtype != np.int16 or samples.ndim != 1:
            raise BadRequestError("The samples have to be one channel of int16 (soundfile.read(..., dtype='int16')).")
        packet_samples = round(sample_rate_hz * packet_ms / 1000)
        request = {
            "sample_rate_hz": sample_rate_hz,
            "packet_samples": packet_samples,
            "suppression_limit_db": suppression_limit_db,
            "resumable": True,
        }
        started = self.call("stream.start", request)
        with self._inbox.changed:
            self._inbox.answers.clear()
            self._inbox.numbers.clear()
        return RecordingStream(self, samples, packet_samples, packet_ms if realtime else 0.0).run(started)

    def clip(self, data: bytes, suppression_limit_db: float | None = None, file_format: str = "wav") -> bytes:
        """Denoise an encoded file through the `clip` event."""
        request = {
            "token": self.token,
            "data": data,
            "suppression_limit_db": suppression_limit_db,
            "format": file_format,
        }
        return bytes(self.call("clip", request)["data"])

    def post_clip(self, data: bytes, query: str = "") -> bytes:
        """Denoise an encoded file through `POST /api/v1/denoise`; `query` is like `?format=flac`."""
        return self.http.post("/api/v1/denoise" + query, data, "application/octet-stream", self.token)

    @property
    def jobs(self) -> JobClient:
        """The background files of this device."""
        return JobClient(self.http, self.token or "", self._timeout_s)

    def renew_token(self) -> str:
        """Exchange the token for a fresh one, in band."""
        self.token = str(self.call("token.renew", {})["token"])
        return self.token

    def _emit(self, event: str, argument: Any, callback: Any = None) -> None:
        try:
            self._socket.emit(event, argument, namespace=NAMESPACE, callback=callback)
        except SocketIOError as error:
            raise BoxUnreachableError(f"There is no connection for {event}.") from error

    def _late_goodbye(self) -> dict[str, Any] | None:
        """Why the box has ended a connection; python-socketio may tell of the end before it hands the reason over."""
        with self._inbox.changed:
            self._inbox.changed.wait_for(lambda: self._inbox.goodbye is not None, _LATE_GOODBYE_S)
            return self._inbox.goodbye

    def _make_socket(self) -> socketio.Client:
        client = socketio.Client(reconnection=False, serializer="msgpack", handle_sigint=False)
        client.on("audio", self._take_answer, namespace=NAMESPACE)
        client.on("connect_error", self._take_refusal, namespace=NAMESPACE)
        client.on("disconnect", self._take_break, namespace=NAMESPACE)
        client.on("*", self._take_event, namespace=NAMESPACE)
        return client

    def _take_answer(self, data: bytes) -> None:
        answer = decode_answer(data)
        with self._inbox.changed:
            self._inbox.answers.append(answer)
            count = silent_packets(answer) if answer.kind == KIND_SILENCE else 1
            self._inbox.numbers.update(range(answer.sequence, answer.sequence + count))
            self._inbox.changed.notify_all()

    def _take_break(self, reason: str) -> None:
        with self._inbox.changed:
            self._inbox.broken = reason
            self._take_event("disconnect", reason)

    def _take_event(self, event: str, argument: Any = None) -> None:
        with self._inbox.changed:
            self._inbox.events.append((event, argument))
            if event == "goodbye":
                self._inbox.goodbye = argument
            del self._inbox.events[:-_EVENTS_KEPT]
            self._inbox.changed.notify_all()

    def _take_refusal(self, data: Any) -> None:
        if isinstance(data, dict):
            self._refusal = data.get("data") or data

    def _wait(self, ready: Callable[[], object], what: str, over: bool = True) -> None:
        """Wait for something that the box sends; a break ends the wait when it is `over` with the connection."""
        if not self._inbox.changed.wait_for(
            lambda: ready() or (over and self._inbox.broken is not None), self._timeout_s
        ):
            raise EngineFailedError(f"The box did not send {what} within {self._timeout_s:g} s.")
        if not ready():
            raise BoxUnreachableError(f"The connection broke ({self._inbox.broken}) before the box sent {what}.")
