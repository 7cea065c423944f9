"""The raw lane from outside: a plain WebSocket and eight bytes of header."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import websocket

from edge_server.audio.pcm import to_s16le
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import (
    KIND_AUDIO,
    KIND_SILENCE,
    KIND_TAIL,
    AudioPacket,
    decode_raw_answer,
    encode_raw_packet,
    silent_packets,
)
from scripts import raw_client
from scripts.raw_client import BINARY, RawClient
from tests.conftest import Voice
from tests.running_box import Box, running_box, wait_until

RATE_HZ, PACKET = 16000, 320
QUERY = f"sample_rate_hz={RATE_HZ}&packet_samples={PACKET}"
TIMEOUT_S = 20.0


@pytest.fixture(scope="module")
def box(tiny_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with running_box(tiny_model_path, tmp_path_factory.mktemp("box"), https=True) as running:
        yield running


def opened(box: Box, query: str, token: str | None = None) -> websocket.WebSocket:
    header = [f"Authorization: Bearer {token}"] if token else []
    return websocket.create_connection(
        f"{box.url.replace('http', 'ws')}/ws/v1/audio?{query}", header=header, timeout=TIMEOUT_S
    )


def told(connection: websocket.WebSocket, event: str) -> dict[str, object]:
    while True:
        message = connection.recv()
        assert message, "the box closed the connection"
        if isinstance(message, str) and (fields := json.loads(message))["event"] == event:
            return dict(fields)


def heard(connection: websocket.WebSocket, packets: int) -> list[AudioPacket]:
    """Give the next answers; a silence counts as the packets that it stands for."""
    answers: list[AudioPacket] = []
    while packets > 0:
        message = connection.recv()
        if isinstance(message, bytes):
            answers.append(decode_raw_answer(message))
            packets -= silent_packets(answers[-1]) if answers[-1].kind == KIND_SILENCE else 1
    return answers


def packet(pcm: bytes, sequence: int) -> bytes:
    payload = pcm[2 * PACKET * sequence : 2 * PACKET * (sequence + 1)]
    return encode_raw_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload))


@pytest.fixture(scope="module")
def spoken(noisy_voice: Voice) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return noisy_voice(RATE_HZ, 2.0, 5)


def test_the_smallest_client_hears_what_offline_gives(
    box: Box, tiny_model: ModelFile, spoken: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> None:
    pcm = to_s16le(spoken)
    client = RawClient(box.url.replace("http", "ws"), box.token(), QUERY)
    assert client.started["event"] == "stream.started"
    clean = b""
    for sequence in range(100):
        client.send_audio(sequence, pcm[640 * sequence : 640 * (sequence + 1)])
        opcode, data = client.receive()
        answer = decode_raw_answer(data)
        assert (opcode, answer.kind, answer.sequence) == (BINARY, KIND_AUDIO, sequence)
        clean += answer.payload
    client.send(1, b'{"event": "stream.end"}')
    while (message := client.receive())[0] == BINARY:
        assert decode_raw_answer(message[1]).kind == KIND_TAIL
        clean += decode_raw_answer(message[1]).payload
    summary = json.loads(message[1])
    assert (summary["event"], summary["ok"], summary["packets_in"]) == ("stream.end", True, 100)
    assert clean[2 * client.started["delay_samples"] :] == to_s16le(denoise_samples(tiny_model, spoken, RATE_HZ))
    wait_until(lambda: box.service.engine.stats().live_streams == 0)


@pytest.mark.parametrize("secure", [False, True])
def test_the_smallest_client_cleans_a_file(
    box: Box,
    tiny_model: ModelFile,
    spoken: np.ndarray[tuple[int], np.dtype[np.float32]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    secure: bool,
) -> None:
    noisy, clean = tmp_path / "noisy.wav", tmp_path / "clean.wav"
    soundfile.write(noisy, spoken, RATE_HZ, "PCM_16")
    where = [box.https_url.replace("https", "wss")] if secure else [box.url.replace("http", "ws")]
    certificate = [str(box.certificate)] if secure else []
    monkeypatch.setattr("sys.argv", ["raw_client", *where, box.token(), str(noisy), str(clean), *certificate])
    raw_client.main()
    given, rate_hz = soundfile.read(clean, dtype="int16")
    assert rate_hz == RATE_HZ
    assert given.tobytes() == to_s16le(denoise_samples(tiny_model, spoken, RATE_HZ))


def test_the_smallest_client_says_how_to_use_it_and_what_it_cannot_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["raw_client"])
    with pytest.raises(SystemExit, match=r"cert\.pem"):
        raw_client.main()
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, np.zeros((100, 2)), RATE_HZ, "PCM_16")
    monkeypatch.setattr(
        "sys.argv", ["raw_client", "ws://localhost:1", "token", str(stereo), str(tmp_path / "clean.wav")]
    )
    with pytest.raises(wave.Error, match="one channel"):
        raw_client.main()


def test_the_smallest_client_says_why_it_was_refused(box: Box) -> None:
    with pytest.raises(ConnectionError, match="This is not a token of this box"):
        RawClient(box.url.replace("http", "ws"), "nonsense", QUERY)
    with pytest.raises(ConnectionError, match=r"does not upgrade: .* 400"):
        RawClient(box.url.replace("http", "ws"), box.token(), "no query")


@pytest.mark.parametrize(
    ("query", "token", "code"),
    [
        (QUERY, None, "token_missing"),
        (QUERY, "nonsense", "token_invalid"),
        (QUERY + "&ticket=nonsense", None, "ticket_invalid"),
        ("packet_samples=320", "good", "bad_request"),
        ("sample_rate_hz=16000&packet_samples=many", "good", "bad_request"),
        ("sample_rate_hz=11025&packet_samples=220", "good", "unsupported_rate"),
        ("stream_id=x&key=y&next_answer=0", "good", "resume_failed"),
    ],
)
def test_a_refusal_is_a_goodbye_and_a_closed_connection(box: Box, query: str, token: str | None, code: str) -> None:
    connection = opened(box, query, box.token() if token == "good" else token)
    assert told(connection, "goodbye")["code"] == code
    assert connection.recv_data()[0] == websocket.ABNF.OPCODE_CLOSE


def test_a_ticket_is_good_for_one_connection(box: Box) -> None:
    answer = json.loads(box.client().http.post("/api/v1/ticket", b"", "application/json", box.token()))
    assert answer["expires_in_s"] == 30
    first = opened(box, f"{QUERY}&ticket={answer['ticket']}")
    assert told(first, "stream.started")["packet_samples"] == PACKET
    second = opened(box, f"{QUERY}&ticket={answer['ticket']}")
    assert told(second, "goodbye")["code"] == "ticket_invalid"
    first.close()


def test_control_goes_as_text_and_nonsense_is_noticed(box: Box) -> None:
    connection = opened(box, QUERY, box.token())
    told(connection, "stream.started")
    connection.send('{"event": "stream.set", "suppression_limit_db": 6}')
    assert told(connection, "stream.set") == {"event": "stream.set", "ok": True, "suppression_limit_db": 6.0}
    connection.send('{"event": "token.renew"}')
    assert told(connection, "token.renew")["token"]
    for nonsense in ("", "{", "[]", '{"event": "open.sesame"}', "[" * 5000):
        connection.send(nonsense)
        assert told(connection, "notice")["code"] == "packet_malformed"
    for wrong, code in (
        (b"", "packet_malformed"),
        (bytes(8), "packet_malformed"),
        (packet(b"", 0), "packet_wrong_size"),
    ):
        connection.send_binary(wrong)
        assert told(connection, "notice")["code"] == code
    connection.close()


def test_a_stream_goes_on_over_a_new_connection(box: Box, spoken: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    pcm = to_s16le(spoken)
    connection = opened(box, QUERY + "&resumable=1", box.token())
    started = told(connection, "stream.started")
    for sequence in range(10):
        connection.send_binary(packet(pcm, sequence))
    answers = heard(connection, 10)
    connection.sock.close()
    key = started["resume"]["key"]  # type: ignore[index]
    again = opened(box, f"stream_id={started['stream_id']}&key={key}&next_answer=8", box.token())
    resumed = told(again, "stream.started")
    assert (resumed["next_sequence"], resumed["delay_samples"]) == (10, started["delay_samples"])
    again.send_binary(packet(pcm, 80))
    missed = heard(again, 73)
    assert [(answer.kind, answer.sequence) for answer in missed] == [
        (KIND_SILENCE, 8),
        (KIND_SILENCE, 10),
        (KIND_AUDIO, 80),
    ]
    assert [silent_packets(answer) for answer in missed[:2]] == [2, 70]
    assert len(answers) == 10
    again.send('{"event": "stream.end"}')
    summary = told(again, "stream.end")
    assert (summary["packets_in"], summary["lost_packets"]) == (11, 70)
    assert summary["samples_in"] == 81 * PACKET
    assert summary["samples_out"] == 81 * PACKET + int(started["delay_samples"])  # type: ignore[call-overload]
