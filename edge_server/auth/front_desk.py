"""Who gets a token, and who loses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edge_server.auth.links import invitation_url, qr_svg
from edge_server.auth.tokens import LISTENER, OWNER, SPEAKER, Claims, IssuedToken, TokenDesk
from edge_server.box.event_feed import EventFeed
from edge_server.errors import TokenRevokedError
from edge_server.jobs.off_loop import DiskThread
from edge_server.store.invitations import Invitation, InvitationRequest, InvitationStore
from edge_server.store.revocations import DEVICE, INVITATION, Revocations
from edge_server.transport.connections import Connections

INVITED_ROLES = (SPEAKER, LISTENER, OWNER)


class FrontDesk:
    """Invites, lets in by invitation, and takes back. `page_url` gives the address that invitations lead to.

    Calls wait for the disk. Thread: the network loop's.
    """

    def __init__(
        self,
        tokens: TokenDesk,
        invitations: InvitationStore,
        revocations: Revocations,
        connections: Connections,
        feed: EventFeed,
        disk: DiskThread,
        page_url: Callable[[], str],
    ) -> None:
        self.on_change: Callable[[], None] = lambda: None
        self._tokens = tokens
        self._invitations = invitations
        self._revocations = revocations
        self._connections = connections
        self._feed = feed
        self._disk = disk
        self._page_url = page_url

    def invite(self, request: InvitationRequest) -> dict[str, Any]:
        """A new invitation with its code, its link and the link as a QR code. Raises `BadRequestError`."""
        invitation, code = self._disk.run(self._invitations.create, request)
        url = invitation_url(self._page_url(), code)
        if request.room_id is None:
            self._tell("invitation.created", f"A {request.role} was invited.", invitation)
        return {**self.described(invitation), "code": code, "url": url, "qr_svg": qr_svg(url)}

    def redeem(self, code: str, earlier_token: object = None) -> IssuedToken:
        """A token for the code of an invitation, for the device of an earlier token. Raises `InvitationInvalidError`."""
        invitation = self._disk.run(self._invitations.redeem, code)
        # What is left, and not when it ends: invitations end by the wall clock, which tokens do not live by.
        left_s = (invitation.expires_at_ms - self._invitations.now_ms()) // 1000
        issued = self._tokens.issue_invited(
            invitation.role,
            invitation.invitation_id,
            left_s,
            invitation.room_id,
            self._tokens.device_of(earlier_token),
        )
        self._tell("invitation.redeemed", f"A {invitation.role} came with an invitation.", invitation)
        return issued

    def revoke(self, invitation_id: str) -> Invitation:
        """End an invitation and every session that it has begun. Raises `NotFoundError`."""
        invitation = self._disk.run(self._invitations.revoke, invitation_id)
        self._take_back(INVITATION, invitation_id, lambda claims: claims.invitation_id == invitation_id)
        self._tell("invitation.revoked", "An invitation was revoked.", invitation)
        return invitation

    def withdraw(self, invitation_id: str) -> None:
        """End an invitation; whoever has come with it may stay."""
        self._disk.run(self._invitations.revoke, invitation_id)

    def take_back(self, claims: Claims) -> None:
        """Make all tokens of a device worthless, not only the one that says this, and end its sessions."""
        subject = claims.subject
        self._take_back(DEVICE, subject, lambda other: other.subject == subject)

    def invitations(self) -> list[dict[str, Any]]:
        """The invitations to the box itself, newest first."""
        return [self.described(invitation) for invitation in self._disk.run(self._invitations.all)]

    def described(self, invitation: Invitation) -> dict[str, Any]:
        """The invitation object, without what only its holder knows."""
        return invitation.to_dict(self._invitations.now_ms())

    def _take_back(self, kind: str, value: str, ends: Callable[[Claims], bool]) -> None:
        self._revocations.add(kind, value)
        self._connections.part_where(ends, TokenRevokedError("The owner of this box has taken this token back."))
        self._disk.run(self._revocations.save, kind, value)

    def _tell(self, kind: str, text: str, invitation: Invitation) -> None:
        self._feed.publish(kind, text, invitation_id=invitation.invitation_id, role=invitation.role)
        self.on_change()
