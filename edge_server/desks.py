"""Everything of a box that is not live audio, composed: tokens and invitations, files, rooms, and the owner's side."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import socketio
from flask import Blueprint
from gevent.threadpool import ThreadPool

from edge_server.audio.files import FileLimits
from edge_server.auth.front_desk import FrontDesk
from edge_server.auth.routes import invitation_routes
from edge_server.auth.tokens import Claims, IssuedToken, TokenDesk, load_or_create_key
from edge_server.box.capacity_desk import CapacityDesk
from edge_server.box.event_feed import EventFeed
from edge_server.box.job_events import JobEvents
from edge_server.box.log_ring import LogRing
from edge_server.box.owners_box import OwnersBox, Watched
from edge_server.box.routes import box_routes
from edge_server.config import Settings
from edge_server.errors import DataFolderError
from edge_server.housekeeping import Housekeeping
from edge_server.jobs.background import BackgroundJobs
from edge_server.jobs.file_run import FileRun
from edge_server.jobs.lane import JobsLane
from edge_server.jobs.off_loop import DiskThread
from edge_server.jobs.routes import JobsHttp, job_routes
from edge_server.metrics import Metrics
from edge_server.rooms.desk import RoomDesk
from edge_server.rooms.lane import RoomsLane
from edge_server.sessions.admission import Admission
from edge_server.sessions.capacity import available_cores
from edge_server.sessions.live_voice import LiveVoice, live_voices
from edge_server.sessions.pump import Pump
from edge_server.store.database import Database
from edge_server.store.invitations import InvitationStore
from edge_server.store.revocations import Revocations
from edge_server.transport.connections import Connections
from edge_server.transport.namespace_lane import LaneContext


def steady_unix_clock() -> Callable[[], float]:
    """Unix seconds by the wall clock of now and the time that passes from now on, whatever the wall clock does."""
    ahead_s = time.time() - time.monotonic()
    return lambda: ahead_s + time.monotonic()


@dataclass(frozen=True, slots=True)
class Clocks:
    """Where the service reads the time: Unix seconds to show and to keep, never-back seconds for what waits.

    Tokens live by `steady_unix`: a board without a battery learns the time from the network, hours after it let people in.
    """

    unix: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    steady_unix: Callable[[], float] = field(default_factory=steady_unix_clock)


class Desks:
    """The desks of one box; `page_url` gives the address of its page, `info` what it says about itself.

    Raises `DataFolderError`. Thread: the network loop's.
    """

    def __init__(
        self,
        settings: Settings,
        clocks: Clocks,
        pump: Pump,
        metrics: Metrics,
        admission: Admission,
        info: Callable[[], dict[str, Any]],
        page_url: Callable[[], str],
    ) -> None:
        self._admission = admission
        self._settings, self._clocks, self._pump, self._metrics, self._info = settings, clocks, pump, metrics, info
        self._log = LogRing()
        self._disk = DiskThread()
        self._database = Database(settings.database_file)
        self.feed = EventFeed(clocks.unix, clocks.monotonic)
        self.feed.listeners.append(lambda event: self._log.note(event.at_ms / 1000, event.text))
        metrics.on_error = self.feed.publish_refusal
        self.connections = Connections(self.feed, clocks.unix)
        revocations = Revocations(self._database)
        self.tokens = token_desk(settings, clocks.steady_unix, revocations.covers)
        self._invitations = InvitationStore(self._database, settings.max_invitations, clocks.unix)
        self.front_desk = FrontDesk(
            self.tokens, self._invitations, revocations, self.connections, self.feed, self._disk, page_url
        )
        self.file_run = _file_run(settings, pump)
        self.jobs = BackgroundJobs(settings, self._database, self._disk, self.file_run, clocks.monotonic, clocks.unix)
        self.rooms = RoomDesk(settings, self.front_desk, self.feed, self._find_voice, clocks.monotonic, clocks.unix)
        metrics.jobs_queued.set_function(lambda: len(self.jobs.shelf.queued()))
        metrics.rooms.set_function(lambda: len(self.rooms))
        metrics.listeners.set_function(lambda: self.rooms.listeners)
        self.box: OwnersBox | None = None
        self._lanes: list[Any] = []

    def routes(self) -> tuple[Blueprint, ...]:
        """What these desks answer over HTTP."""
        return (
            invitation_routes(self.front_desk, self._settings.http_timeout_s),
            job_routes(JobsHttp(self._settings, self.tokens, self.jobs.desk, self.jobs.files)),
            box_routes(self.tokens, lambda: self._owners_box().desk.diagnostics()),
        )

    def open_lanes(self, server: socketio.Server) -> None:
        """Answer in the namespaces /jobs, /rooms and /box."""
        context = LaneContext(
            server, self._settings, self.tokens, self._metrics, self.connections, self._clocks.steady_unix
        )
        jobs = JobsLane(context, self.jobs.desk)
        self.jobs.shelf.listeners += [jobs, JobEvents(self.feed, self._metrics)]
        self.box = OwnersBox(context, self._watched())
        self._lanes = [jobs.lane, RoomsLane(context, self.rooms).lane, self.box.lane]

    def start(self) -> None:
        """Go on with what a stop has interrupted. Raises `DataFolderError`."""
        logging.getLogger().addHandler(self._log)
        self._invitations.revoke_all_of_rooms()
        self.jobs.start()

    def keep_house(self, housekeeping: Housekeeping) -> None:
        """Do again and again what has to be done so."""
        for task in (self.jobs.desk.sweep, self.rooms.sweep, *(lane.check_tokens for lane in self._lanes)):
            housekeeping.repeat(self._settings.housekeeping_s, task)
        housekeeping.repeat(self._settings.stats_interval_s, self._owners_box().every_second)

    def stop(self) -> None:
        """Begin nothing more."""
        self.jobs.stop()
        self.rooms.end_all("server_stopping")

    def part(self) -> None:
        """Say goodbye to everyone in these namespaces."""
        for lane in self._lanes:
            lane.stop()

    def close(self) -> None:
        """Let go of the database."""
        self._disk.run(self._database.close)
        logging.getLogger().removeHandler(self._log)

    def paired(self, issued: IssuedToken) -> None:
        """Tell the owner that someone came with the PIN."""
        self.feed.publish("device.paired", "A device was paired with the PIN.", device=issued.claims.subject)

    def voice_started(self, sample_rate_hz: int) -> None:
        """Tell the owner that someone speaks."""
        self.feed.publish("stream.started", f"A voice of {sample_rate_hz} Hz began.", sample_rate_hz=sample_rate_hz)

    def voice_ended(self) -> None:
        """Tell the owner that someone speaks no more."""
        self.feed.publish("stream.ended", "A voice ended.")

    def _owners_box(self) -> OwnersBox:
        assert self.box is not None
        return self.box

    def _watched(self) -> Watched:
        return Watched(
            self._database,
            self._disk,
            self.front_desk,
            self.feed,
            self._pump,
            self.jobs,
            self.rooms,
            CapacityDesk(
                self._pump.engine, self._admission, self._pump.engine.model, available_cores(), self._clocks.unix
            ),
            self._log,
            self._info,
            self._clocks.monotonic,
        )

    def _find_voice(self, device: str, stream_id: str) -> LiveVoice | None:
        for voice in live_voices(self._pump):
            if (voice.device, voice.stream_id) == (device, stream_id):
                return voice
        return None


def token_desk(
    settings: Settings,
    unix_clock: Callable[[], float] = time.time,
    is_revoked: Callable[[Claims], bool] = lambda claims: False,
) -> TokenDesk:
    """The desk with this box's key. Raises `DataFolderError`."""
    try:
        key = load_or_create_key(settings.token_key_file)
    except OSError as error:
        raise data_folder_error(settings, error) from error
    return TokenDesk(key, settings.token_ttl_s, unix_clock, is_revoked)


def data_folder_error(settings: Settings, error: OSError) -> DataFolderError:
    """The error that says that the data folder cannot be used."""
    return DataFolderError(f"The folder {settings.data_dir} cannot be used ({error}); choose another with --data-dir.")


def _file_run(settings: Settings, pump: Pump) -> FileRun:
    limits = FileLimits(settings.max_clip_bytes, settings.max_clip_s, settings.max_clip_samples)
    return FileRun(pump, ThreadPool(settings.max_clips + settings.max_running_jobs), limits)
