"""The service, composed: engine, sessions, lanes and servers; started and stopped in order."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from flask import Flask
from gevent.threadpool import ThreadPool

from edge_server.appliance.addresses import local_names
from edge_server.appliance.tls import ensure_certificate, utc_now
from edge_server.audio.files import FileLimits
from edge_server.auth.pairing import PairingDesk
from edge_server.auth.tokens import TokenDesk, load_or_create_key
from edge_server.box_info import box_info
from edge_server.config import REPOSITORY, Settings
from edge_server.engine.model_file import ModelFacts, ModelFile, find_default_model, load_model
from edge_server.engine.stats import EngineConfig
from edge_server.engine.worker import Engine
from edge_server.errors import DataFolderError, HushboxError, ServerStoppingError
from edge_server.housekeeping import Housekeeping
from edge_server.jobs.clip import ClipDesk
from edge_server.jobs.off_loop import run_off_loop
from edge_server.metrics import Metrics
from edge_server.sessions.live_voice import MAX_PACKET_MS, VoiceContext
from edge_server.sessions.pump import Pump
from edge_server.sessions.stream import StreamLimits
from edge_server.transport.client import Client
from edge_server.transport.http import HttpContext, create_flask_app
from edge_server.transport.socketio_audio import AudioLane
from edge_server.transport.socketio_control import ControlLane
from edge_server.transport.socketio_server import create_socketio
from edge_server.transport.upload_gate import UploadGate
from edge_server.transport.wsgi import BoundedServer, start_http_server, start_https_server, tls_context

_CERTIFICATE_CHECK_S = 60.0
_PARTING_S = 1.5
_TURN_S = 0.02


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the service reads the time: Unix seconds for tokens, never-back seconds for everything else."""

    unix: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class Service:
    """One box. `on_pin` hears every new PIN after the first.

    Thread: everything but `request_stop` belongs to the thread that calls `start`, whose gevent loop serves.
    Raises `HushboxError` when the model, the data folder or a port cannot be used.
    """

    def __init__(self, settings: Settings, clocks: Clocks, on_pin: Callable[[str], None]) -> None:
        self.settings = settings
        self.model = open_model(settings)
        self.pairing = PairingDesk(settings.pin_tries, settings.pin_lockout_s, clocks.monotonic, on_pin)
        self.tokens = token_desk(settings, clocks.unix)
        self._loop = gevent.get_hub().loop
        self._results_came = self._loop.async_()
        self._stop_asked = self._loop.async_()
        self.stopped = gevent.event.Event()
        self.engine = Engine(
            self.model, engine_config(settings, self.model.facts), self._results_came.send, clocks.monotonic
        )
        self.metrics = Metrics(self.engine.stats)
        self._pump = Pump(self.engine)
        self._file_pool = ThreadPool(settings.max_clips)
        self._probe_pool = ThreadPool(1)
        limits = FileLimits(settings.max_clip_bytes, settings.max_clip_s, settings.max_clip_samples)
        self._clips = ClipDesk(self._pump, self._file_pool, limits, settings.max_clips)
        self._gate = UploadGate(settings.max_clips, settings.upload_wait_s, settings.upload_timeout_s)
        self.flask_app = self._create_flask_app()
        self.socketio = create_socketio(self.flask_app, settings)
        server = self.socketio.server
        self._audio = AudioLane(server, settings, self.tokens, self.metrics, clocks.unix)
        self._control = ControlLane(
            self._audio, settings, self.tokens, self._voice_context(clocks), self.model.facts, self._clips
        )
        self._audio.register()
        self._control.register(server)
        self._servers: list[BoundedServer] = []
        self._housekeeping = Housekeeping(self.metrics.failed_housekeeping.inc)
        self.http_port: int | None = None
        self.https_port: int | None = None

    def start(self) -> None:
        """Start the engine and listen. Raises `AddressTakenError` and `DataFolderError`."""
        self._results_came.start(self._pump.drain)
        self._stop_asked.start(lambda: gevent.spawn(self.stop))
        self.engine.start()
        try:
            self._listen()
        except HushboxError:
            self.stop()
            raise
        self._housekeeping.repeat(self.settings.housekeeping_s, self._audio.check_tokens)
        # What lives now lives until the end; a full collection over it would hold every stream up for tens of ms.
        gc.collect()
        gc.freeze()

    def request_stop(self) -> None:
        """Ask for an orderly stop; `stopped` is set when it is done. Thread: any."""
        self._stop_asked.send()

    def stop(self) -> None:
        """Admit no one, flush the live streams, say goodbye, close everything. Waits a few seconds at most."""
        if self._audio.stopping:
            return
        self._audio.stopping = self._clips.stopping = True
        for server in self._servers:
            server.stop_accepting()
        self._wait_for_clips()
        farewells = [gevent.spawn(self._farewell, client) for client in list(self._audio.clients.values())]
        gevent.joinall(farewells, timeout=self.settings.stop_timeout_s)
        self._wait_for_partings()
        self._housekeeping.stop()
        for server in self._servers:
            server.stop(timeout=1)
        self.socketio.server.shutdown()
        self.engine.stop()
        self._results_came.stop()
        self._stop_asked.stop()
        self.stopped.set()

    def _listen(self) -> None:
        http = start_http_server(self.flask_app, self.settings, self._gate)
        self._servers.append(http)
        self.http_port = http.server_port
        if not self.settings.https:
            return
        try:
            files = ensure_certificate(self.settings.certificate_folder, local_names(), utc_now())
        except OSError as error:
            raise _data_folder_error(self.settings, error) from error
        context = tls_context(files)
        https = start_https_server(self.flask_app, self.settings, self._gate, context)
        self._servers.append(https)
        self.https_port = https.server_port

        def renew() -> None:
            renewed = ensure_certificate(self.settings.certificate_folder, local_names(), utc_now())
            context.load_cert_chain(renewed.certificate, renewed.private_key)

        self._housekeeping.repeat(_CERTIFICATE_CHECK_S, renew)

    def _create_flask_app(self) -> Flask:
        context = HttpContext(
            self.settings,
            self.pairing,
            self.tokens,
            self._clips,
            self._gate,
            self.metrics,
            self._probe,
            lambda: box_info(self.settings, self.model),
        )
        return create_flask_app(context)

    def _voice_context(self, clocks: Clocks) -> VoiceContext:
        limits = StreamLimits(self.settings.max_backlog_packets, self.settings.max_gap_s)
        return VoiceContext(self._pump, limits, self.settings.deadline_ms / 1000, clocks.monotonic)

    def _probe(self) -> float:
        if self._audio.stopping:
            raise ServerStoppingError("This box is shutting down.")
        return run_off_loop(self._probe_pool, self.engine.probe, self.settings.probe_timeout_s)

    def _farewell(self, client: Client) -> None:
        error = ServerStoppingError("This box is shutting down.")
        while client.session.ending:
            # The client has asked for the end by itself; its tail and summary are on their way.
            gevent.sleep(_TURN_S)
        if client.session.voice is not None:
            try:
                summary = self._control.end_voice(client)
                client.link.emit("stream.ended", {**summary, "reason": error.code})
            except HushboxError as failure:
                client.notice(failure)
        client.part(error)

    def _wait_for_clips(self) -> None:
        """Let the files under way hear that the box is stopping, while their clients can still be told."""
        with gevent.Timeout(_PARTING_S, False):
            while self._clips.under_way:
                gevent.sleep(_TURN_S)

    def _wait_for_partings(self) -> None:
        with gevent.Timeout(_PARTING_S, False):
            while self._audio.clients:
                gevent.sleep(_TURN_S)


def open_model(settings: Settings) -> ModelFile:
    """The model that the settings name, or the shipped one. Raises the model errors."""
    return load_model(settings.model or find_default_model(REPOSITORY / "quantized_models"))


def token_desk(settings: Settings, unix_clock: Callable[[], float] = time.time) -> TokenDesk:
    """The desk with this box's key. Raises `DataFolderError`."""
    try:
        key = load_or_create_key(settings.token_key_file)
    except OSError as error:
        raise _data_folder_error(settings, error) from error
    return TokenDesk(key, settings.token_ttl_s, unix_clock)


def engine_config(settings: Settings, facts: ModelFacts) -> EngineConfig:
    """The engine that the settings ask for, with room for the longest backlog in frames of this model."""
    longest_backlog_s = settings.max_backlog_packets * MAX_PACKET_MS / 1000 + settings.max_gap_s
    hops_per_s = facts.sample_rate_hz / facts.hop_samples
    return EngineConfig(
        max_streams=settings.max_streams,
        max_file_streams=settings.max_clips,
        max_batch=settings.max_batch,
        max_queued_frames=math.ceil(longest_backlog_s * hops_per_s)
        + math.ceil(facts.window_samples / facts.hop_samples),
    )


def _data_folder_error(settings: Settings, error: OSError) -> DataFolderError:
    return DataFolderError(f"The folder {settings.data_dir} cannot be used ({error}); choose another with --data-dir.")
