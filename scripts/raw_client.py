"""The raw lane from nothing but a socket: what a microcontroller has to do, in eighty lines.

python -m scripts.raw_client localhost:8080 TOKEN noisy.wav clean.wav        (16-bit, one channel)
"""

import json
import os
import socket
import struct
import sys
import wave

HEADER = struct.Struct("<BBHI")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawClient:
    """One stream on the raw lane; `started` is what the box said about it."""

    def __init__(self, host: str, port: int, token: str, query: str) -> None:
        self.socket = socket.create_connection((host, port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stream = self.socket.makefile("rb")
        head = (
            f"GET /ws/v1/audio?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        while self.stream.readline() not in (b"\r\n", b""):
            pass
        self.started = json.loads(self.receive()[1])

    def send(self, opcode: int, payload: bytes) -> None:
        """Send one frame; clients mask theirs."""
        mask, size = os.urandom(4), len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + struct.pack("!H", size)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.socket.sendall(bytes((0x80 | opcode,)) + length + mask + masked)

    def send_audio(self, sequence: int, pcm: bytes) -> None:
        """Send one packet of `packet_samples` samples."""
        self.send(BINARY, HEADER.pack(1, 1, 0, sequence) + pcm)

    def receive(self) -> tuple[int, bytes]:
        """Give the next text or binary message; pings are answered on the way."""
        while True:
            first, size = self.stream.read(2)
            if size == 126:
                (size,) = struct.unpack("!H", self.stream.read(2))
            payload = self.stream.read(size)
            if first & 15 == PING:
                self.send(PONG, payload)
            elif first & 15 in (TEXT, BINARY, CLOSE):
                return first & 15, payload


def main() -> None:
    """Denoise a WAV file as if it were a microphone."""
    address, token, source, target = sys.argv[1:]
    host, port = address.split(":")
    with wave.open(source) as noisy:
        rate_hz, pcm = noisy.getframerate(), noisy.readframes(noisy.getnframes())
    samples = rate_hz // 50
    client = RawClient(host, int(port), token, f"sample_rate_hz={rate_hz}&packet_samples={samples}")
    clean = b""
    for sequence, start in enumerate(range(0, len(pcm), 2 * samples)):
        client.send_audio(sequence, pcm[start : start + 2 * samples].ljust(2 * samples, b"\0"))
        clean += client.receive()[1][HEADER.size :]
    client.send(TEXT, b'{"event": "stream.end"}')
    while (message := client.receive())[0] == BINARY:
        clean += message[1][HEADER.size :]
    delay = 2 * client.started["delay_samples"]
    with wave.open(target, "wb") as out:
        out.setparams((1, 2, rate_hz, 0, "NONE", ""))
        out.writeframes(clean[delay : delay + len(pcm)])


if __name__ == "__main__":
    main()
