"""The owner's side of the box, composed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent

from edge_server.auth.front_desk import FrontDesk
from edge_server.box.desk import BoxDesk, BoxParts, Capacity
from edge_server.box.event_feed import EventFeed
from edge_server.box.lane import BoxLane
from edge_server.box.limits import BoxLimits, Limit
from edge_server.box.log_ring import LogRing
from edge_server.box.machine import Machine
from edge_server.box.sampler import Counters, Sampler
from edge_server.jobs.background import BackgroundJobs
from edge_server.jobs.off_loop import DiskThread, run_off_loop
from edge_server.rooms.desk import RoomDesk
from edge_server.sessions.live_voice import live_voices
from edge_server.sessions.pump import Pump
from edge_server.store.database import Database
from edge_server.transport.namespace_lane import LaneContext


@dataclass(frozen=True, slots=True)
class Watched:
    """What the owner watches and commands."""

    database: Database
    disk: DiskThread
    front_desk: FrontDesk
    feed: EventFeed
    pump: Pump
    jobs: BackgroundJobs
    rooms: RoomDesk
    capacity: Capacity
    log: LogRing
    info: Callable[[], dict[str, Any]]
    clock: Callable[[], float]


class OwnersBox:
    """The namespace /box with everything behind it. Thread: the network loop's."""

    def __init__(self, context: LaneContext, watched: Watched) -> None:
        self._context = context
        self._watched = watched
        limits = BoxLimits(watched.database, _limits(context, watched))
        context.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self._machine = Machine(context.settings.data_dir)
        self._sampler = Sampler(self._counters, watched.clock, context.unix_clock)
        parts = BoxParts(
            context.settings,
            watched.front_desk,
            context.connections,
            watched.feed,
            limits,
            self._sampler,
            watched.capacity,
            watched.log,
            watched.disk,
            watched.info,
            context.metrics.render,
            context.unix_clock,
        )
        self.desk = BoxDesk(parts)
        self._lane = BoxLane(context, self.desk, context.connections.sessions, watched.front_desk.invitations)
        self.lane = self._lane.lane
        watched.feed.listeners.append(self._lane.push_event)

    def every_second(self) -> None:
        """Sample, and push to the owners who watch; waits for the system's figures."""
        machine = run_off_loop(gevent.get_hub().threadpool, self._machine.read)
        self._lane.push_stats(self._sampler.sample(machine))
        self._lane.push_lists()

    def _counters(self) -> Counters:
        watched, metrics = self._watched, self._context.metrics
        standing = {
            **watched.capacity.standing(),
            "connections": len(self._context.connections),
            "jobs_queued": len(watched.jobs.shelf.queued()),
            "rooms": len(watched.rooms),
            "listeners": watched.rooms.listeners,
        }
        return Counters(
            watched.pump.engine.stats(),
            metrics.audio.dropped_packets,
            metrics.lost_packets(),
            metrics.audio.unsent_packets,
            {id(voice): voice.stream.latencies for voice in live_voices(watched.pump)},
            standing,
        )


def _limits(context: LaneContext, watched: Watched) -> dict[str, Limit]:
    settings, engine, rooms, runner = context.settings, watched.pump.engine, watched.rooms, watched.jobs.runner

    def set_running_jobs(value: int) -> None:
        runner.max_running = value
        runner.wake()

    return {
        "max_streams": Limit(
            1,
            settings.max_streams,
            lambda: engine.max_live_streams,
            lambda value: setattr(engine, "max_live_streams", value),
        ),
        "max_running_jobs": Limit(
            1,
            settings.max_running_jobs,
            lambda: runner.max_running,
            set_running_jobs,
        ),
        "max_rooms": Limit(
            1, settings.max_rooms, lambda: rooms.max_rooms, lambda value: setattr(rooms, "max_rooms", value)
        ),
        "max_room_members": Limit(
            2,
            settings.max_room_members,
            lambda: rooms.max_members,
            lambda value: setattr(rooms, "max_members", value),
        ),
    }
