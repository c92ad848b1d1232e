"""Write a letter once, and send what was written: the row is the truth, and the mail is known by its key."""

import logging
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from billing.lifecycle.people import answering_in
from billing.lifecycle.texts import text_of
from billing.models import Letter
from tenants.models import Tenant

AT_ONCE = 200
_log = logging.getLogger(__name__)


def write_letter(*, tenant: Tenant, kind: str, about: str, recipients: list[str] | None = None, **shown: Any) -> bool:
    """Write the letter of a kind about a matter, unless it was written; say whether it is new.

    Without `recipients` it goes to those who answer for the company's bills now.
    """
    if Letter.objects.filter(tenant=tenant, kind=kind, about=about).exists():
        return False
    if recipients is None:
        recipients = list(answering_in(tenant).values())
    row = Letter(tenant=tenant, kind=kind, about=about, shown=shown, recipients=recipients)
    made = Letter.objects.bulk_create([row], ignore_conflicts=True)
    return bool(made)


def send_letters() -> int:
    """Send what was written and not sent yet, each letter by one process at a time; return how many went.

    One that the mail server does not take stays for the next time, and keeps none of the others back.
    """
    sent = 0
    for key in list(Letter.objects.filter(sent_at=None).order_by("written_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic(using="shared"):
            waiting = Letter.objects.select_for_update(skip_locked=True, of=("self",)).select_related("tenant")
            letter = waiting.filter(pk=key, sent_at=None).first()
            if letter is not None and _mail(letter):
                Letter.objects.filter(pk=key).update(sent_at=timezone.now())
                sent += 1
    return sent


def _mail(letter: Letter) -> bool:
    if not letter.recipients:
        _log.warning("the letter %s to the tenant %s has nobody to go to", letter, letter.tenant_id)
        return True
    with override(letter.tenant.language):
        subject, body = text_of(letter)
    host = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mail = EmailMessage(subject, body, None, letter.recipients, headers={"Message-ID": f"<billing.{letter.pk}@{host}>"})
    try:
        mail.send()
    except OSError:
        _log.exception("the letter %s to the tenant %s was not taken", letter, letter.tenant_id)
        return False
    return True
