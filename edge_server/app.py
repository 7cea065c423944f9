"""The service, composed: engine, sessions, lanes and servers; started and stopped in order."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
from flask import Flask

from edge_server.appliance.addresses import local_names
from edge_server.appliance.tls import ensure_certificate, utc_now
from edge_server.auth.links import page_url
from edge_server.auth.pairing import PairingDesk
from edge_server.box.heat_watch import HeatWatch
from edge_server.box.readiness import Readiness
from edge_server.box.thermals import Thermometer
from edge_server.box_info import box_info
from edge_server.config import REPOSITORY, Settings
from edge_server.desks import Clocks, Desks, data_folder_error
from edge_server.engine.model_file import ModelFile, find_default_model, load_model
from edge_server.engine.worker import Engine
from edge_server.engine_limits import engine_config
from edge_server.errors import HushboxError, ServerStoppingError
from edge_server.housekeeping import Housekeeping
from edge_server.jobs.clip import ClipDesk
from edge_server.metrics import Metrics
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import available_cores, measure_capacity
from edge_server.sessions.live_voice import LiveVoice, VoiceContext, live_voices
from edge_server.sessions.pump import Pump
from edge_server.sessions.resume_desk import ResumeDesk
from edge_server.sessions.stream_limits import StreamLimits
from edge_server.transport.arrivals import Arrivals
from edge_server.transport.client import Client
from edge_server.transport.http import HttpContext, create_flask_app
from edge_server.transport.polling import UnauthenticatedPollers
from edge_server.transport.raw_lane import RawLane
from edge_server.transport.request_turns import RequestTurns
from edge_server.transport.socketio_audio import AudioLane
from edge_server.transport.socketio_control import ControlLane
from edge_server.transport.socketio_server import create_socketio
from edge_server.transport.ticket_routes import ticket_routes
from edge_server.transport.tickets import TicketDesk
from edge_server.transport.turn_ring import TurnRing
from edge_server.transport.upload_gate import UploadGate
from edge_server.transport.voice_control import VoiceControl
from edge_server.transport.wsgi import BoundedServer, start_http_server, start_https_server, tls_context

_CERTIFICATE_CHECK_S = 60.0
_HEAT_CHECK_S = 1.0
_PARTING_S = 1.5
_TURN_S = 0.02


class Service:
    """One box. `on_pin` hears every new PIN after the first.

    Thread: everything but `request_stop` belongs to the thread that calls `start`, whose gevent loop serves.
    Raises `HushboxError` when the model, the data folder or a port cannot be used.
    """

    def __init__(self, settings: Settings, clocks: Clocks, on_pin: Callable[[str], None]) -> None:
        self.settings = settings
        self.model = open_model(settings)
        self.pairing = PairingDesk(settings.pin_tries, settings.pin_lockout_s, clocks.monotonic, on_pin)
        self._loop = gevent.get_hub().loop
        self._results_came = self._loop.async_()
        self._stop_asked = self._loop.async_()
        self.stopped = gevent.event.Event()
        self.engine = Engine(
            self.model, engine_config(settings, self.model.facts), self._results_came.send, clocks.monotonic
        )
        thermometer = Thermometer()
        self.admission = Admission(
            self.engine, settings.admit_measured, lambda: thermometer.temperature_c, lambda: thermometer.throttled
        )
        self._pump = Pump(self.engine)
        self.metrics = Metrics(self.engine.stats, lambda: thermometer.temperature_c, self._lost_in_open_streams)
        self.desks = Desks(settings, clocks, self._pump, self.metrics, self.admission, self._info, self.page_url)
        self.tokens, self.connections = self.desks.tokens, self.desks.connections
        self._heat_watch = HeatWatch(thermometer, self.admission, self.desks.feed, clocks.monotonic)
        self._readiness = Readiness(partial(self.engine.probe, settings.probe_timeout_s), clocks.monotonic)
        self._clips = ClipDesk(self.desks.file_run, settings.max_clips, settings.upload_wait_s)
        self._tickets = TicketDesk(clocks.monotonic)
        self._arrivals = Arrivals(settings, clocks.monotonic, self.metrics.count_error)
        self._gate = UploadGate(settings.max_clips, settings.upload_wait_s, settings.upload_timeout_s)
        self._ring = TurnRing(self._loop)
        self.flask_app = self._create_flask_app()
        self.socketio = create_socketio(self.flask_app, settings, self._gate)
        server = self.socketio.server
        self._pollers = UnauthenticatedPollers(server.eio, settings.handshake_timeout_s, clocks.monotonic)
        self._resume_desk = ResumeDesk(settings.resume_s, clocks.monotonic, self._end_parked)
        self._voices = VoiceControl(settings, self._voice_context(clocks), self.model.facts, self._resume_desk)
        self._audio = AudioLane(
            server, settings, self.tokens, self.metrics, self.connections, self._voices, clocks.steady_unix
        )
        self._control = ControlLane(self._audio, self.tokens, self._voices, self._clips)
        turns = RequestTurns(self.flask_app.wsgi_app, server.eio, self._arrivals)
        self._raw = RawLane(turns, settings, self._audio, self._voices, self.tokens, self._tickets, self.metrics)
        self._audio.register()
        self._control.register(server)
        self.desks.open_lanes(server)
        self._servers: list[BoundedServer] = []
        self._housekeeping = Housekeeping(self.metrics.failed_housekeeping.inc)
        self.http_port: int | None = None
        self.https_port: int | None = None

    def start(self) -> None:
        """Start the engine and listen. Raises `AddressTakenError` and `DataFolderError`."""
        self._results_came.start(self._pump.drain)
        self._stop_asked.start(lambda: gevent.spawn(self.stop))
        try:
            if self.settings.self_test:
                self.admission.use(measure_capacity(self.model, available_cores(), self.engine.config.threads))
            self._heat_watch.look()
            self.engine.start()
            self.desks.start()
            self._listen()
        except HushboxError:
            self.stop()
            raise
        self._housekeeping.repeat(self.settings.housekeeping_s, self._audio.check_tokens)
        self._housekeeping.repeat(self.settings.housekeeping_s, self._resume_desk.sweep)
        self._housekeeping.repeat(_HEAT_CHECK_S, self._heat_watch.look)
        self._housekeeping.repeat(self.settings.housekeeping_s, self._pollers.sweep)
        self.desks.keep_house(self._housekeeping)
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
        self._audio.stopping = self._voices.stopping = self._clips.stopping = True
        self._resume_desk.close()
        self.desks.stop()
        for server in self._servers:
            server.stop_accepting()
        self._wait_for_clips()
        farewells = [gevent.spawn(self._farewell, client) for client in list(self._audio.clients.values())]
        gevent.joinall(farewells, timeout=self.settings.stop_timeout_s)
        self.desks.part()
        self._wait_for_partings()
        self._housekeeping.stop()
        for server in self._servers:
            server.stop(timeout=1)
        self.socketio.server.shutdown()
        self.engine.stop()
        self._results_came.stop()
        self._stop_asked.stop()
        self.desks.close()
        self.stopped.set()

    def page_url(self) -> str:
        """The address under which other devices open the page, or this machine where no other can."""
        return page_url(self.settings, self.http_port, self.https_port)

    def _listen(self) -> None:
        http = start_http_server(self._raw, self.settings, self._gate, self._ring, self._arrivals)
        self._servers.append(http)
        self.http_port = http.server_port
        if not self.settings.https:
            return
        try:
            files = ensure_certificate(self.settings.certificate_folder, local_names(), utc_now())
        except OSError as error:
            raise data_folder_error(self.settings, error) from error
        context = tls_context(files)
        https = start_https_server(self._raw, self.settings, self._gate, self._ring, self._arrivals, context)
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
            self._info,
            (*self.desks.routes(), ticket_routes(self.tokens, self._tickets)),
            self.desks.paired,
        )
        return create_flask_app(context)

    def _info(self) -> dict[str, Any]:
        return box_info(self.settings, self.model, self.admission, self.engine.stats().live_streams)

    def _voice_context(self, clocks: Clocks) -> VoiceContext:
        settings = self.settings
        limits = StreamLimits(settings.max_backlog_packets, settings.max_gap_s, settings.longest_break_s)
        deadline_s = self.settings.deadline_ms / 1000
        started, ended = self.desks.voice_started, self.desks.voice_ended
        return VoiceContext(self._pump, limits, deadline_s, clocks.monotonic, started, ended)

    def _lost_in_open_streams(self) -> int:
        return sum(voice.stream.counters.lost_packets for voice in live_voices(self._pump))

    def _end_parked(self, voice: LiveVoice) -> None:
        self.metrics.count_voice(voice.stream.summary())
        voice.close()

    def _probe(self) -> float:
        if self._audio.stopping:
            raise ServerStoppingError("This box is shutting down.")
        return self._readiness.probe_s()

    def _farewell(self, client: Client) -> None:
        error = ServerStoppingError("This box is shutting down.")
        while client.session.ending:
            # The client has asked for the end by itself; its tail and summary are on their way.
            gevent.sleep(_TURN_S)
        if client.session.voice is not None:
            try:
                summary = self._voices.end(client, {})
                client.link.emit("stream.ended", {**summary, "reason": error.code})
            except HushboxError as failure:
                client.notice(failure)
        client.part(error)

    def _wait_for_clips(self) -> None:
        """Let the files under way hear that the box is stopping, while their clients can still be told."""
        with gevent.Timeout(_PARTING_S, False):
            while self._clips.under_way or self.desks.jobs.runner.running:
                gevent.sleep(_TURN_S)

    def _wait_for_partings(self) -> None:
        with gevent.Timeout(_PARTING_S, False):
            while len(self.connections):
                gevent.sleep(_TURN_S)


def open_model(settings: Settings) -> ModelFile:
    """The model that the settings name, or the shipped one. Raises the model errors."""
    return load_model(settings.model or find_default_model(REPOSITORY / "quantized_models"))
