"""Keep the public index in step with what happens in tenants, and send what people wait for."""

from uuid import UUID

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import override

from tessera.access.services import invitation_letter
from tessera.accounts.addresses import accounts_url
from tessera.accounts.services import add_membership, index_owner, remove_membership
from tessera.context import current
from tessera.events import Event, on


@on("access.member_invited")
def send_invitation(event: Event) -> None:
    """Send the letter with the link, unless a newer one is on its way."""
    letter = invitation_letter(invitation_id=UUID(event.data["invitation"]), serial=event.data["serial"])
    if letter is None:
        return
    invitation, token = letter
    tenant = current().tenant
    shown = {
        "name": invitation.member.name,
        "tenant": tenant.name,
        "url": accounts_url(f"/join/{tenant.id}/{token}"),
        "expires_at": invitation.expires_at,
    }
    with override(invitation.language):
        subject = " ".join(render_to_string("accounts/mail/invitation_subject.txt", shown).split())
        send_mail(subject, render_to_string("accounts/mail/invitation.txt", shown), None, [invitation.email])


@on("access.member_joined")
def index_member(event: Event) -> None:
    """Add the member's account to the index, where a crash between the two transactions has left it out."""
    add_membership(account_id=UUID(event.data["account"]), tenant_id=current().tenant.id)


@on("access.ownership_transferred")
def index_new_owner(event: Event) -> None:
    """Keep in the index who owns the tenant."""
    index_owner(account_id=UUID(event.data["account"]), tenant_id=current().tenant.id)


@on("access.member_deactivated")
def drop_member(event: Event) -> None:
    """Take the account out of the index; its sessions were dead already, by the member's epoch."""
    if event.data["account"]:
        remove_membership(account_id=UUID(event.data["account"]), tenant_id=current().tenant.id)
