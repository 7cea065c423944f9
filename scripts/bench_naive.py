"""The server that one would write first: stock Flask-SocketIO, one model run for every hop inside the handler."""

import sys
from pathlib import Path

import numpy as np
from flask import Flask, request
from flask_socketio import SocketIO

from edge_server.audio.pcm import from_s16le, to_s16le
from edge_server.engine.model_file import ModelFile, open_model
from edge_server.transport.packets import KIND_AUDIO, AudioPacket, decode_packet, encode_packet
from edge_server.transport.socketio_packet import NAMESPACE


class NaiveStream:
    """A stream at the model's rate with STFT, model and overlap-add of its own."""

    def __init__(self, model: ModelFile) -> None:
        facts = model.facts
        self._session = model.session
        self._states = {f"state_in_{state.name}": np.zeros((1, *state.shape), np.float32) for state in facts.states}
        self._outputs = ["spectrum_out", *(f"state_out_{state.name}" for state in facts.states)]
        self._hop = facts.hop_samples
        self._window = np.sqrt(np.hanning(facts.window_samples + 1)[:-1]).astype(np.float32)
        self._history = np.zeros(facts.window_samples, np.float32)
        self._overlap = np.zeros(facts.window_samples, np.float32)
        self._waiting = np.empty(0, np.float32)
        self._clean = np.zeros(facts.hop_samples, np.float32)

    def process(
        self, samples: np.ndarray[tuple[int], np.dtype[np.float32]]
    ) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        """Give as many clean samples as came in."""
        self._waiting = np.concatenate((self._waiting, samples))
        while len(self._waiting) >= self._hop:
            self._clean = np.concatenate((self._clean, self._run(self._waiting[: self._hop])))
            self._waiting = self._waiting[self._hop :]
        clean, self._clean = self._clean[: len(samples)], self._clean[len(samples) :]
        return clean

    def _run(self, hop: np.ndarray[tuple[int], np.dtype[np.float32]]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        self._history = np.concatenate((self._history[self._hop :], hop))
        spectrum = np.fft.rfft(self._history * self._window)
        pairs = np.stack((spectrum.real, spectrum.imag), axis=-1)[np.newaxis].astype(np.float32)
        clean, *states = self._session.run(self._outputs, {"spectrum": pairs, **self._states})
        self._states = dict(zip(self._states, states, strict=True))
        frame = np.fft.irfft(clean[0, :, 0] + 1j * clean[0, :, 1]).astype(np.float32) * self._window
        self._overlap = np.concatenate((self._overlap[self._hop :], np.zeros(self._hop, np.float32))) + frame
        return self._overlap[: self._hop]


def main() -> None:
    """Serve a model file on a port of loopback."""
    model, port = open_model(Path(sys.argv[1])), int(sys.argv[2])
    app = Flask(__name__)
    socketio = SocketIO(app, async_mode="gevent")
    streams: dict[str, NaiveStream] = {}

    @socketio.on("audio", namespace=NAMESPACE)
    def audio(data: bytes) -> None:
        packet = decode_packet(data)
        sid = request.sid  # type: ignore[attr-defined]
        if sid not in streams:
            streams[sid] = NaiveStream(model)
        clean = to_s16le(streams[sid].process(from_s16le(packet.payload)))
        answer = AudioPacket(KIND_AUDIO, 0, packet.sequence, packet.timestamp_ms, clean)
        socketio.emit("audio", encode_packet(answer), namespace=NAMESPACE, to=sid)

    socketio.run(app, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
