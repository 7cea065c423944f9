"""People in rooms, for tests."""

from contextlib import AbstractContextManager
from typing import Any

from edge_server.auth.tokens import LISTENER
from edge_server.transport.packets import AudioPacket, decode_answer
from tests.jobs.rest import Rest
from tests.namespace_client import NamespaceClient
from tests.running_box import Box, wait_until

RATE_HZ = 16000
PACKET_SAMPLES = 320


def someone(box: Box, token: str | None = None) -> NamespaceClient:
    """A person who has joined /rooms; a speaker unless the token says otherwise."""
    return NamespaceClient(box, token or box.token(), "/rooms")


def listener_token(box: Box) -> str:
    """The token of someone who may only listen."""
    return box.service.tokens.issue(LISTENER).token


def opened(client: NamespaceClient, name: str = "Kitchen") -> dict[str, Any]:
    """Open a room and give what was answered."""
    return client.good("room.open", {"name": name, "display_name": "Anna"})


def redeemed(box: Box, invitation: dict[str, Any], earlier_token: str | None = None) -> dict[str, Any]:
    """Buy a token with an invitation, for the device of an earlier token if there is one."""
    fields = {"code": invitation["code"]} | ({"token": earlier_token} if earlier_token else {})
    answer = Rest(box).post("/api/v1/invitations/redeem", fields)
    assert answer.status == 200, answer.body
    return dict(answer.json)


def heard(client: NamespaceClient, count: int) -> list[AudioPacket]:
    """The packets that a listener has got, once there are so many."""
    wait_until(lambda: len(client.pushed("voice")) >= count)
    return [decode_answer(data) for data in client.pushed("voice")]


def presence(client: NamespaceClient, wanted: Any) -> list[dict[str, Any]]:
    """The first list of who is here that is as wanted."""
    return list(client.wait_for("room.presence", lambda pushed: wanted(pushed["members"]))["members"])


Person = AbstractContextManager[NamespaceClient]
