"""Owners of a box, for tests."""

from edge_server.auth.tokens import OWNER
from tests.running_box import Box


def owner_token(box: Box) -> str:
    """The token of someone who owns the box."""
    return box.service.tokens.issue(OWNER).token
