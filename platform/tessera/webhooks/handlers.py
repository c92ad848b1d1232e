"""Tell people when a webhook was disabled."""

from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import override

from tessera.access.models import Member
from tessera.access.selectors import members_holding
from tessera.context import current
from tessera.events import Event, on
from tessera.webhooks.models import WebhookSubscription
from tessera.webhooks.services import MANAGE


@on("webhooks.subscription_disabled")
def tell_of_disabled(event: Event) -> None:
    """Write to the owner and to everybody who could switch the webhook on again."""
    row = WebhookSubscription.objects.filter(pk=event.subject).first()
    if row is None:
        return
    owner = Member.objects.filter(pk=row.owner, state=Member.State.ACTIVE)
    people = {member.pk: member for member in (*owner, *members_holding(permission=MANAGE))}
    shown = {"name": event.data["title"], "why": event.data["why"], "url": row.url, "tenant": current().tenant.name}
    for member in people.values():
        with override(member.language):
            subject = " ".join(render_to_string("webhooks/mail/disabled_subject.txt", shown).split())
            send_mail(subject, render_to_string("webhooks/mail/disabled.txt", shown), None, [member.email])
