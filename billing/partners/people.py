"""Who sees a partner's money: people whom an operator names by the address that they have shown to read."""

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tessera.accounts.models import Account
from tessera.accounts.operators.rights import operator_right
from tessera.accounts.operators.services import Operator, record_act
from tessera.errors import Refused

from billing.models import Partner, PartnerPerson
from billing.partners.onboarding import partner_of

PARTNER_PEOPLE = operator_right("billing.partner_people", gettext_lazy("Say who sees a partner's money"))


def add_person(*, vendor: str, email: str, by: Operator) -> PartnerPerson:
    """Let whoever reads an address see a partner's money; said again it changes nothing.

    Refused, each with its field: FORBIDDEN, NOT_FOUND for a vendor that the catalogue does not have, INVALID for what is no address.
    """
    by.demand(PARTNER_PEOPLE)
    partner, address = partner_of(vendor), email.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Refused("INVALID", _("This is no e-mail address."), "email") from None
    with transaction.atomic(using="shared"):
        person, is_new = PartnerPerson.objects.get_or_create(partner=partner, email=address)
        if is_new:
            record_act(by, PARTNER_PEOPLE, subject=vendor, key=partner.pk, reason="", details={"added": address})
    return person


def remove_person(*, vendor: str, email: str, by: Operator) -> None:
    """Let an address see a partner's money no more. Refused: FORBIDDEN, NOT_FOUND for a vendor or an address that is not named."""
    by.demand(PARTNER_PEOPLE)
    partner, address = partner_of(vendor), email.strip().lower()
    with transaction.atomic(using="shared"):
        gone, _each = PartnerPerson.objects.filter(partner=partner, email=address).delete()
        if not gone:
            raise Refused("NOT_FOUND", _("Nobody is named by this address."), "email")
        record_act(by, PARTNER_PEOPLE, subject=vendor, key=partner.pk, reason="", details={"removed": address})


def partners_of(account: Account) -> list[Partner]:
    """Return the partners whose money an account sees, by vendor; an address that was not verified shows nothing."""
    shown = EmailAddress.objects.filter(user=account, verified=True).values_list("email", flat=True)
    found = Partner.objects.filter(people__email__in=[email.lower() for email in shown])
    return list(found.distinct().order_by("vendor"))
