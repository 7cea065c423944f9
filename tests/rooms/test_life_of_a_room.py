"""How rooms begin and end: how many there may be, who makes place, when they close."""

from pathlib import Path

from edge_server.client import DenoiseClient
from tests.jobs.rest import Rest
from tests.rooms.people import (
    PACKET_SAMPLES,
    RATE_HZ,
    opened,
    presence,
    someone,
)
from tests.running_box import Box, running_box, wait_until


def test_rooms_and_their_people_are_bounded(box: Box) -> None:
    with someone(box) as one, someone(box) as two, someone(box) as three, someone(box) as four:
        ids = [opened(client)["room"]["room_id"] for client in (one, two, three)]
        assert four.refused("room.open", {"name": "Fourth", "display_name": "Dan"}) == "room_full"
        with someone(box) as five, someone(box) as six:
            for client in (four, five):
                client.good("room.join", {"room_id": ids[0], "display_name": "x"})
            assert six.refused("room.join", {"room_id": ids[0], "display_name": "x"}) == "room_full"
            # Who goes elsewhere makes room.
            five.good("room.join", {"room_id": ids[1], "display_name": "x"})
            six.good("room.join", {"room_id": ids[0], "display_name": "x"})
        for client in (one, two, three):
            client.good("room.close")


def test_a_room_that_everyone_has_left_makes_place_for_a_new_one(box: Box) -> None:
    with someone(box) as one, someone(box) as two, someone(box) as three, someone(box) as four:
        ids = [opened(client)["room"]["room_id"] for client in (one, two, three)]
        two.good("room.leave")
        box.clock.ahead_s += 1
        one.good("room.leave")
        opened(four)
        assert one.refused("room.join", {"room_id": ids[1], "display_name": "x"}) == "not_found"
        one.good("room.join", {"room_id": ids[0], "display_name": "Anna"})
        for client in (one, three, four):
            client.good("room.close")


def test_a_room_ends_in_time_or_when_it_is_empty(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path, room_ttl_s=1000, room_empty_s=100) as box:
        token = box.token(9999)
        with someone(box, token) as host, someone(box, token) as other:
            first = opened(host)
            room_id, code = first["room"]["room_id"], first["invitation"]
            opened(other, "Garden")
            other.good("room.leave")
            assert len(box.service.desks.rooms) == 2
            box.clock.ahead_s = 150
            wait_until(lambda: len(box.service.desks.rooms) == 1)
            box.clock.ahead_s = 1001
            assert host.wait_for("room.closed") == {"reason": "expired"}
            assert host.refused("room.chat", {"text": "?"}) == "not_in_room"
            assert host.refused("room.join", {"room_id": room_id, "display_name": "Anna"}) == "not_found"
            answer = Rest(box).post("/api/v1/invitations/redeem", {"code": code["code"]})
            assert answer.error == "invitation_invalid"


def test_a_host_who_opens_and_leaves_uses_up_nothing(box: Box) -> None:
    with someone(box) as client:
        for _ in range(5):
            opened(client)
            client.good("room.leave")
        assert len(box.service.desks.rooms) == 1
        opened(client)
        client.good("room.close")


def test_a_stop_of_the_box_ends_its_rooms(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box:
        client = someone(box)
        opened(client)
        box.service.request_stop()
        assert client.wait_for("room.closed") == {"reason": "server_stopping"}
        assert client.wait_for("goodbye")["code"] == "server_stopping"


def test_a_connection_that_ends_leaves_the_room(box: Box) -> None:
    with someone(box) as host:
        room_id = opened(host)["room"]["room_id"]
        with someone(box) as guest:
            guest.good("room.join", {"room_id": room_id, "display_name": "Ben"})
            presence(host, lambda members: len(members) == 2)
        presence(host, lambda members: len(members) == 1)
        host.good("room.close")


def test_who_comes_back_over_a_new_connection_takes_the_old_place_and_the_voice(box: Box) -> None:
    token = box.token()
    with someone(box, token) as before, someone(box, token) as after, DenoiseClient(box.url, token) as speaker:
        room_id = opened(before)["room"]["room_id"]
        stream_id = speaker.call("stream.start", {"sample_rate_hz": RATE_HZ, "packet_samples": PACKET_SAMPLES})[
            "stream_id"
        ]
        before.good("room.speak", {"stream_id": stream_id})
        # The box does not know yet that the first connection is dead.
        joined = after.good("room.join", {"room_id": room_id, "display_name": "Anna"})
        assert [member["display_name"] for member in joined["room"]["members"]] == ["Anna"]
        assert joined["room"]["voice"] is None
        assert before.wait_for("room.closed") == {"reason": "moved"}
        assert before.refused("room.chat", {"text": "hello?"}) == "not_in_room"
        after.good("room.speak", {"stream_id": stream_id})
        assert after.wait_for("room.presence", lambda pushed: pushed["members"][0]["speaking"])
        after.good("room.close")
