"""A session together with the way to its client."""

from __future__ import annotations

from dataclasses import dataclass

from edge_server.errors import EngineFailedError, HushboxError
from edge_server.metrics import Metrics
from edge_server.sessions.session import Session
from edge_server.transport.client_link import ClientLink
from edge_server.transport.packets import AudioPacket, encode_packet


@dataclass(frozen=True, slots=True)
class Client:
    """One connected client; it also listens to its session's voice."""

    session: Session
    link: ClientLink
    metrics: Metrics

    def answer(self, packet: AudioPacket) -> None:
        """Send one packet of audio."""
        self.metrics.packets_out.inc()
        self.link.emit("audio", encode_packet(packet))

    def engine_failed(self, error: EngineFailedError) -> None:
        """Tell the client that its stream is over, and part."""
        self.part(error)

    def notice(self, error: HushboxError) -> None:
        """Tell the client about something that has no acknowledgement."""
        self.metrics.count_error(error)
        self.link.emit("notice", error.to_dict())

    def part(self, error: HushboxError) -> None:
        """Say goodbye with the reason and disconnect."""
        self.metrics.count_error(error)
        self.link.part(error)

    def close(self) -> None:
        """Free the voice's slot and count what the stream did. Closing twice does nothing."""
        voice = self.session.voice
        if voice is not None:
            summary = voice.stream.summary()
            self.metrics.lost_packets.inc(summary["lost_packets"])
            self.metrics.stream_latency_s.observe(summary["latency_ms_p99"] / 1000)
            self.session.close()
