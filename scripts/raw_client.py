"""The raw lane from nothing but a socket: what a microcontroller has to do, in a hundred lines.

python -m scripts.raw_client URL TOKEN noisy.wav clean.wav [cert.pem]        (16-bit, one channel)

URL is ws://localhost:8080 on the box itself, and wss://ADDRESS:8443 anywhere else; there, cert.pem is the certificate of the box.
"""

import json
import os
import socket
import ssl
import struct
import sys
import wave
from urllib.parse import urlsplit

HEADER = struct.Struct("<BBHI")
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawClient:
    """One stream on the raw lane; `started` is what the box said about it."""

    def __init__(self, url: str, token: str, query: str, certificate: str | None = None) -> None:
        address = urlsplit(url)
        host = address.hostname or ""
        port = address.port or (8443 if address.scheme == "wss" else 8080)
        self.socket = socket.create_connection((host, port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.scheme == "wss":
            self.socket = ssl.create_default_context(cafile=certificate).wrap_socket(self.socket, server_hostname=host)
        self.stream = self.socket.makefile("rb")
        head = (
            f"GET /ws/v1/audio?{query} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        self.socket.sendall(head.encode())
        status = self.stream.readline()
        if b" 101 " not in status:
            raise ConnectionError(f"The box does not upgrade: {status.decode().strip()}")
        while (line := self.stream.readline()) != b"\r\n":
            if not line:
                raise ConnectionError("The box closed the connection.")
        self.started = json.loads(self.receive()[1])
        if self.started["event"] == "goodbye":
            raise ConnectionError(self.started["message"])

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
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    url, token, source, target, *certificate = sys.argv[1:]
    with wave.open(source) as noisy:
        if (noisy.getnchannels(), noisy.getsampwidth()) != (1, 2):
            raise wave.Error("this client takes one channel of 16 bits")
        rate_hz, pcm = noisy.getframerate(), noisy.readframes(noisy.getnframes())
    samples = rate_hz // 50
    client = RawClient(url, token, f"sample_rate_hz={rate_hz}&packet_samples={samples}", *certificate)
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
    try:
        main()
    except (OSError, wave.Error) as error:
        sys.exit(f"raw_client: {error}")
