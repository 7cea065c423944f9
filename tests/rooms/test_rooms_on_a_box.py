"""Rooms on a running box: people come and go, hear the voice, write, and are told who does what."""

from pathlib import Path

import numpy as np
import pytest
import socketio

from edge_server.audio.pcm import to_s16
from edge_server.client import DenoiseClient
from edge_server.client_stream import RecordingStream
from edge_server.engine.model_file import ModelFile
from edge_server.offline.denoise import denoise_samples
from edge_server.transport.packets import KIND_AUDIO, KIND_TAIL, AudioPacket, decode_answer, encode_packet
from tests.conftest import Voice
from tests.jobs.uploads import recording
from tests.namespace_client import NamespaceClient
from tests.rooms.people import (
    PACKET_SAMPLES,
    RATE_HZ,
    heard,
    listener_token,
    opened,
    presence,
    redeemed,
    someone,
)
from tests.running_box import Box, running_box, wait_until


def test_a_listener_hears_by_link_what_the_speaker_hears(box: Box, noisy_voice: Voice) -> None:
    samples = to_s16(noisy_voice(RATE_HZ, 1.0, 71))
    token = box.token()
    with someone(box, token) as host, DenoiseClient(box.url, token) as speaker:
        room = opened(host)
        assert room["invitation"]["url"].endswith("/#invite=" + room["invitation"]["code"])
        assert room["invitation"]["qr_svg"].startswith("<?xml")
        guest_token = redeemed(box, room["invitation"])
        assert (guest_token["role"], guest_token["room"]) == ("listener", room["room"]["room_id"])
        with someone(box, guest_token["token"]) as guest, someone(box, guest_token["token"]) as other:
            for name, client in (("Ben", guest), ("Cleo", other)):
                joined = client.good("room.join", {"display_name": name})
                assert joined["room"]["name"] == "Kitchen"
            started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})
            frames_before = box.service.engine.stats().frames
            host.good("room.speak", {"stream_id": started["stream_id"]})
            voice = guest.wait_for("room.voice")
            assert (voice["sample_rate_hz"], voice["packet_samples"]) == (RATE_HZ, PACKET_SAMPLES)
            RecordingStream(speaker, samples, PACKET_SAMPLES, 0.0).send(started)
            summary = speaker.call("stream.end", {})
            own = speaker.wait_for_answers(summary["packets_out"])
            assert heard(guest, len(own)) == own
            assert heard(other, len(own)) == own
            assert own[-1].kind == KIND_TAIL
            guest.wait_for("room.voice", lambda voice: voice is None)
            # One inference for all: as many frames as the voice alone has.
            frames = box.service.engine.stats().frames - frames_before
            assert frames <= -(-(len(samples) + started["delay_samples"]) // 256) + 1
        assert host.pushed("voice") == []
        host.good("room.close")


def test_everyone_sees_who_speaks_listens_and_records(box: Box) -> None:
    token = box.token()
    with (
        someone(box, token) as host,
        someone(box, listener_token(box)) as guest,
        DenoiseClient(box.url, token) as speaker,
    ):
        room = opened(host)
        guest.good("room.join", {"room_id": room["room"]["room_id"], "display_name": "Ben"})
        members = presence(host, lambda members: len(members) == 2)
        assert [(m["display_name"], m["role"], m["host"]) for m in members] == [
            ("Anna", "speaker", True),
            ("Ben", "listener", False),
        ]
        guest.good("room.state", {"listening": False, "recording": True})
        ben = presence(host, lambda members: members[-1]["recording"])[1]
        assert (ben["listening"], ben["recording"], ben["speaking"]) == (False, True, False)
        started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})
        host.good("room.speak", {"stream_id": started["stream_id"]})
        presence(guest, lambda members: members[0]["speaking"])
        speaker.call("stream.end", {})
        presence(guest, lambda members: not members[0]["speaking"])
        assert guest.pushed("voice") == []
        guest.good("room.leave")
        presence(host, lambda members: len(members) == 1)
        assert guest.refused("room.chat", {"text": "still here?"}) == "not_in_room"
        host.good("room.close")


def test_a_voice_that_breaks_off_leaves_the_room_silent(box: Box) -> None:
    token = box.token()
    with someone(box, token) as host, someone(box, listener_token(box)) as guest:
        room = opened(host)
        guest.good("room.join", {"room_id": room["room"]["room_id"], "display_name": "Ben"})
        with DenoiseClient(box.url, token) as speaker:
            started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})
            host.good("room.speak", {"stream_id": started["stream_id"]})
            guest.wait_for("room.voice", lambda voice: voice is not None)
        guest.wait_for("room.voice", lambda voice: voice is None)
        host.good("room.close")


def test_messages_reach_everyone_as_they_were_written(box: Box) -> None:
    with someone(box) as host, someone(box, listener_token(box)) as guest, someone(box) as late:
        room_id = opened(host)["room"]["room_id"]
        guest.good("room.join", {"room_id": room_id, "display_name": "Ben"})
        text = "<b>bold?</b> & 'quotes' – ünïcode\nsecond line\x07"
        message = guest.good("room.chat", {"text": text})["message"]
        assert message["text"] == text[:-1]
        assert host.wait_for("room.message") == message
        assert guest.wait_for("room.message") == message
        assert late.good("room.join", {"room_id": room_id, "display_name": "Cleo"})["messages"] == [message]
        for wrong in ("", "   ", "\x00", "x" * 1001, 7):
            assert guest.refused("room.chat", {"text": wrong}) == "bad_request"
        host.good("room.close")


def test_only_the_last_messages_are_remembered(tiny_model_path: Path, tmp_path: Path) -> None:
    with (
        running_box(tiny_model_path, tmp_path, max_room_messages=2) as box,
        someone(box) as host,
        someone(box) as late,
    ):
        room_id = opened(host)["room"]["room_id"]
        for text in ("one", "two", "three"):
            host.good("room.chat", {"text": text})
        joined = late.good("room.join", {"room_id": room_id, "display_name": "Ben"})
        assert [message["text"] for message in joined["messages"]] == ["two", "three"]


def test_a_flood_of_messages_is_refused(box: Box) -> None:
    with someone(box) as host:
        opened(host)
        answers = [host.call("room.chat", {"text": f"{number}"}) for number in range(6)]
        assert [answer["ok"] for answer in answers] == [True] * 5 + [False]
        assert answers[-1]["error"]["code"] == "too_fast"
        host.good("room.close")


def test_roles_are_kept(box: Box) -> None:
    with someone(box) as host, someone(box, listener_token(box)) as guest:
        assert guest.refused("room.open", {"name": "Mine", "display_name": "Ben"}) == "role_forbidden"
        first, second = opened(host)["room"]["room_id"], None
        guest.good("room.join", {"room_id": first, "display_name": "Ben"})
        assert guest.refused("room.speak", {"stream_id": "x"}) == "role_forbidden"
        for event in ("room.close", "room.invite"):
            assert guest.refused(event) == "role_forbidden"
        assert host.refused("room.speak", {"stream_id": "nothing"}) == "no_stream"
        invited = redeemed(box, host.good("room.invite", {"role": "speaker"})["invitation"])
        with someone(box) as elsewhere, someone(box, invited["token"]) as bound:
            second = opened(elsewhere, "Garden")["room"]["room_id"]
            assert bound.refused("room.join", {"room_id": second, "display_name": "Dora"}) == "role_forbidden"
            assert bound.refused("room.open", {"name": "Own", "display_name": "Dora"}) == "role_forbidden"
            bound.good("room.join", {"display_name": "Dora"})
            elsewhere.good("room.close")
        host.good("room.close")


def test_one_voice_at_a_time_and_only_ones_own(box: Box) -> None:
    tokens = [box.token(), box.token()]
    with (
        someone(box, tokens[0]) as host,
        someone(box, tokens[1]) as other,
        DenoiseClient(box.url, tokens[0]) as first,
        DenoiseClient(box.url, tokens[1]) as second,
    ):
        room_id = opened(host)["room"]["room_id"]
        other.good("room.join", {"room_id": room_id, "display_name": "Ben"})
        start = {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES}
        one, two = (client.call("stream.start", start)["stream_id"] for client in (first, second))
        assert other.refused("room.speak", {"stream_id": one}) == "no_stream"
        host.good("room.speak", {"stream_id": one})
        assert other.refused("room.speak", {"stream_id": two}) == "room_busy"
        host.good("room.silence")
        other.good("room.speak", {"stream_id": two})
        host.wait_for("room.voice", lambda voice: voice is not None and voice["member_id"] != "")
        host.good("room.close")
        second.call("stream.end", {})


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("room.open", {"name": "", "display_name": "Anna"}),
        ("room.open", {"name": "x" * 41, "display_name": "Anna"}),
        ("room.open", {"name": "Kitchen"}),
        ("room.open", {"name": "Kitchen", "display_name": "a\nb"}),
        ("room.join", {"display_name": "Anna"}),
        ("room.join", {"room_id": 7, "display_name": "Anna"}),
    ],
)
def test_wrong_fields_are_refused(box: Box, event: str, fields: dict[str, object]) -> None:
    with someone(box) as client:
        assert client.refused(event, fields) == "bad_request"
        assert client.refused("room.join", {"room_id": "r-none", "display_name": "x"}) == "not_found"
        assert client.refused("room.state", {"listening": True}) == "not_in_room"


def test_rooms_and_audio_go_over_one_connection(tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice) -> None:
    with (
        running_box(tiny_model.path, tmp_path) as box,
        NamespaceClient(box, box.token(), "/rooms", "/audio", "/jobs") as client,
    ):
        start = {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES}
        stream_id = client.good("stream.start", start, "/audio")["stream_id"]
        room_id = opened(client)["room"]["room_id"]
        client.good("room.speak", {"stream_id": stream_id})
        renewed = client.good("token.renew", {}, "/jobs")
        assert box.service.tokens.verify(renewed["token"]).role == "speaker"
        assert {session["namespaces"][0] for session in box.service.connections.sessions()} == {"/audio"}
        # Leaving one namespace leaves the others alone.
        client.socket.send("", namespace="/jobs")
        assert np.isclose(len(box.service.desks.rooms), 1)
        assert client.good("room.silence") == {}
        assert room_id


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_a_plain_client_hears_the_room_too(box: Box, noisy_voice: Voice, transport: str) -> None:
    samples = to_s16(noisy_voice(RATE_HZ, 0.5, 73))
    token = box.token()
    heard_packets: list[bytes] = []
    with someone(box, token) as host, DenoiseClient(box.url, token) as speaker:
        room_id = opened(host)["room"]["room_id"]
        plain = socketio.Client(reconnection=False, handle_sigint=False)
        plain.on("voice", heard_packets.append, namespace="/rooms")
        plain.connect(box.url, auth={"token": box.token()}, namespaces=["/rooms"], transports=[transport])
        fields = {"room_id": room_id, "display_name": "Plain"}
        assert plain.call("room.join", fields, namespace="/rooms", timeout=20)["ok"]
        started = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})
        host.good("room.speak", {"stream_id": started["stream_id"]})
        RecordingStream(speaker, samples, PACKET_SAMPLES, 20.0).send(started)
        summary = speaker.call("stream.end", {})
        own = speaker.wait_for_answers(summary["packets_out"])
        wait_until(lambda: len(heard_packets) == len(own))
        assert [decode_answer(data).payload for data in heard_packets] == [packet.payload for packet in own]
        plain.disconnect()
        host.good("room.close")


def test_a_voice_is_not_held_up_by_files_over_the_same_connection(
    tiny_model: ModelFile, tmp_path: Path, noisy_voice: Voice
) -> None:
    samples = to_s16(noisy_voice(RATE_HZ, 1.0, 74))
    data = recording(noisy_voice, 10.0)
    with (
        running_box(tiny_model.path, tmp_path, job_chunk_bytes=20_000) as box,
        NamespaceClient(box, box.token(), "/audio", "/jobs") as client,
    ):
        start = {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES}
        client.good("stream.start", start)
        job_id = client.good("job.create", {"name": "a.wav", "size_bytes": len(data)}, "/jobs")["job"]["job_id"]
        for sequence in range(len(samples) // PACKET_SAMPLES):
            payload = samples[sequence * PACKET_SAMPLES : (sequence + 1) * PACKET_SAMPLES].astype("<i2").tobytes()
            packet = encode_packet(AudioPacket(KIND_AUDIO, 0, sequence, 0, payload))
            client.socket.emit("audio", packet, namespace="/audio")
            if sequence * 20_000 < len(data):
                chunk = {"job_id": job_id, "offset": sequence * 20_000, "data": data[sequence * 20_000 :][:20_000]}
                client.good("job.chunk", chunk, "/jobs")
        summary = client.good("stream.end")
        assert (summary["packets_in"], summary["dropped_packets"]) == (50, 0)
        wait_until(lambda: client.good("job.get", {"job_id": job_id}, "/jobs")["job"]["state"] == "done")
        received = np.frombuffer(b"".join(decode_answer(p).payload for p in client.pushed("audio")), "<i2")
    expected = to_s16(denoise_samples(tiny_model, samples.astype(np.float32) / 32768, RATE_HZ))
    assert np.array_equal(received[448 : 448 + len(samples)], expected)
