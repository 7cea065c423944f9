"""Tokens that the owner has taken back stay taken back, whatever clocks and renewals do; and so do invitations."""

from pathlib import Path

import pytest

from edge_server.auth.tokens import OWNER
from tests.jobs.rest import Rest
from tests.namespace_client import NamespaceClient
from tests.rooms.people import redeemed
from tests.running_box import Box, running_box

A_DAY_S = 86_400
A_YEAR_S = 365 * A_DAY_S


def take_back(box: Box, owner: NamespaceClient, token: str) -> None:
    """Let the owner take back the tokens of the device that this one names, which is connected."""
    device = box.service.tokens.verify(token).subject
    session = next(session for session in owner.good("box.get")["sessions"] if session["device"] == device)
    owner.good("session.disconnect", {"session_id": session["session_id"], "revoke": True})


def patient_owner(box: Box) -> NamespaceClient:
    return NamespaceClient(box, box.service.tokens.issue(OWNER, ttl_s=A_DAY_S).token, "/box")


def test_a_jump_of_the_wall_clock_forgets_no_revocation(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, patient_owner(box) as owner:
        first, second = box.token(), box.token()
        with NamespaceClient(box, first, "/jobs"), NamespaceClient(box, second, "/jobs"):
            take_back(box, owner, first)
            box.clock.jumped_s = A_YEAR_S
            take_back(box, owner, second)
        assert Rest(box, first).get("/api/v1/jobs").error == "token_revoked"


def test_a_long_token_stays_taken_back_though_a_short_one_was_at_hand(tiny_model_path: Path, tmp_path: Path) -> None:
    with running_box(tiny_model_path, tmp_path) as box, patient_owner(box) as owner:
        long, other = box.token(A_YEAR_S), box.token(A_DAY_S)
        with NamespaceClient(box, long, "/jobs") as client, NamespaceClient(box, other, "/jobs"):
            client.good("token.renew")
            take_back(box, owner, long)
            # The renewed one is over by now.
            box.clock.ahead_s = box.service.settings.token_ttl_s + 100
            take_back(box, owner, other)
        assert Rest(box, long).get("/api/v1/jobs").error == "token_revoked"
    with running_box(tiny_model_path, tmp_path) as box:
        assert Rest(box, long).get("/api/v1/jobs").error == "token_revoked"


def test_what_an_invitation_has_bought_ends_with_it_though_the_wall_clock_had_jumped(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    with running_box(tiny_model_path, tmp_path) as box, patient_owner(box) as owner:
        # A board without a battery has learned the time after its start.
        box.clock.jumped_s = A_YEAR_S
        invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 900})["invitation"]
        bought = redeemed(box, invitation)
        assert 890 <= bought["expires_in_s"] <= 900
        with NamespaceClient(box, bought["token"], "/jobs") as client:
            box.clock.ahead_s = 600
            assert client.good("token.renew")["expires_in_s"] <= 300


@pytest.mark.parametrize("jump_s", [-A_DAY_S, A_DAY_S])
def test_an_invitation_is_good_after_the_wall_clock_was_set(
    tiny_model_path: Path, tmp_path: Path, jump_s: float
) -> None:
    with running_box(tiny_model_path, tmp_path) as box, patient_owner(box) as owner:
        box.clock.jumped_s = jump_s
        invitation = owner.good("invitation.create", {"role": "speaker", "expires_in_s": 900})["invitation"]
        assert Rest(box, redeemed(box, invitation)["token"]).get("/api/v1/jobs").status == 200
