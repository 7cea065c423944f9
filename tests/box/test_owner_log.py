"""What the owner can read: the log, and a bundle without secrets; and what the box can carry."""

import io
import json
import logging
import re
import zipfile

from tests.box.owners import owner_token
from tests.conftest import Voice
from tests.jobs.rest import Rest
from tests.jobs.uploads import create, finished, recording, send
from tests.namespace_client import NamespaceClient
from tests.rooms.people import redeemed
from tests.running_box import Box


def test_the_log_is_read_without_its_secrets(box: Box, owner: NamespaceClient) -> None:
    token = box.token()
    logging.getLogger("edge_server.test").warning("token %s of 192.168.7.9, PIN 123 456, #invite=abcDEF_1-2", token)
    lines = owner.good("log.read", {"lines": 1000})["lines"]
    line = next(line for line in lines if "#invite=" in line)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING token \[removed\]", line)
    assert all(secret not in line for secret in (token, "192.168", "123 456", "abcDEF"))
    assert any(line.endswith("INFO Someone connected.") for line in lines)
    assert owner.refused("log.read", {"lines": 0}) == "bad_request"


def test_no_secret_is_in_the_diagnostic_bundle(box: Box, owner: NamespaceClient, noisy_voice: Voice) -> None:
    data = recording(noisy_voice, 1.0)
    token = box.token()
    invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 60, "label": "my-aunt"})[
        "invitation"
    ]
    guest = redeemed(box, invitation)["token"]
    with NamespaceClient(box, token, "/jobs", "/rooms") as client:
        job_id = create(client, data, "private-name.wav")["job_id"]
        send(client, job_id, data)
        finished(client, job_id)
        room = client.good("room.open", {"name": "private-room", "display_name": "private-person"}, "/rooms")
        client.good("room.chat", {"text": "private-words"}, "/rooms")
        logging.getLogger("edge_server.test").error("Something about %s from 10.1.2.3", token)
        bundle = owner.good("diagnostics")
        by_rest = Rest(box, owner_token(box)).get("/api/v1/box/diagnostics")
    secrets = [
        token,
        guest,
        invitation["code"],
        room["invitation"]["code"],
        box.service.pairing.pin,
        box.service.settings.token_key_file.read_bytes().hex(),
        str(box.service.settings.data_dir),
        "private",
        "my-aunt",
        "10.1.2.3",
        "127.0.0.1",
        box.service.tokens.verify(token).subject,
        job_id,
        "PRIVATE KEY",
    ]
    assert re.fullmatch(r"hushbox-diagnostics-[\d-]+\.zip", bundle["name"])
    assert by_rest.headers["Content-Type"] == "application/zip"
    for content in (bundle["data"], by_rest.body):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            texts = {name: archive.read(name) for name in names}
        assert names >= {
            "README.txt",
            "info.json",
            "settings.json",
            "stats.json",
            "events.json",
            "log.txt",
            "metrics.txt",
        }
        assert json.loads(texts["settings.json"])["max_streams"] == box.service.settings.max_streams
        assert b"hushbox_sessions" in texts["metrics.txt"]
        key = box.service.settings.token_key_file.read_bytes()
        for name, text in texts.items():
            assert key not in text
            for secret in secrets:
                assert secret.encode() not in text, (name, secret)


def test_capacity_is_not_measured_while_someone_speaks(box: Box, owner: NamespaceClient) -> None:
    with box.client() as speaker:
        speaker.call("stream.start", {"sample_rate_hz": 16000, "packet_samples": 320})
        assert owner.refused("capacity.run") == "job_not_ready"


def test_capacity_is_measured_and_told(box: Box, owner: NamespaceClient) -> None:
    measured = owner.good("capacity.run")["capacity"]
    assert measured["voices"] >= 1
    assert owner.good("box.get")["capacity"] == measured
    told = owner.wait_for("event", lambda event: event["kind"] == "capacity.measured")
    assert told["fields"]["voices"] == measured["voices"]
    owner.wait_for("stats", lambda stats: stats["capacity_voices"] == measured["voices"])
