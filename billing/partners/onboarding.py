"""How a partner comes to be paid: an account at Stripe, on which they tell who they are, and which Stripe then pays to."""

import re

import stripe
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from tessera.accounts.addresses import accounts_url
from tessera.errors import Problem, Refused

from billing.catalogue.selectors import catalogue
from billing.gateway.connect import SeenAccount, create_account, create_onboarding_link, read_account
from billing.models import Partner

COUNTRY = re.compile(r"[A-Z]{2}")
LONGEST_REASON = 300


def partner_of(vendor: str) -> Partner:
    """Return the partner with a vendor prefix of the catalogue. Refused with NOT_FOUND for nobody's."""
    if vendor not in catalogue().terms and not Partner.objects.filter(vendor=vendor).exists():
        raise Refused("NOT_FOUND", _("There is no partner %(vendor)s in the catalogue.") % {"vendor": vendor}, "vendor")
    return Partner.objects.get_or_create(vendor=vendor)[0]


def onboard_partner(*, vendor: str, email: str = "", country: str = "") -> tuple[Partner, str]:
    """Return a partner and the address where they tell Stripe who they are; said again, the account is the same and the page new.

    The row comes first and gives the call its idempotency key, so that a kill in between makes no second account.
    Refused, each with its field: NOT_FOUND for a vendor that the catalogue does not have, REQUIRED and INVALID for the first
    account's e-mail and country. Raises Unreachable.
    """
    partner = partner_of(vendor)
    if partner.account is None:
        partner = _keep_asked(partner, email.strip(), country.strip().upper())
        try:
            made = create_account(key=partner.pk, vendor=vendor, email=partner.email, country=partner.country)
        except stripe.InvalidRequestError as error:
            raise Refused("INVALID", error.user_message or str(error), error.param or "country") from error
        Partner.objects.filter(pk=partner.pk, account=None).update(account=made.id)
        partner.refresh_from_db()
    assert partner.account
    return partner, create_onboarding_link(account=partner.account, back=accounts_url("/"))


def _keep_asked(partner: Partner, email: str, country: str) -> Partner:
    """Keep with what the account is made: a second call must say the same as one that was killed."""
    if partner.email and partner.country and not (email or country):
        return partner
    if problems := list(_problems(email, country)):
        raise Refused.of(problems)
    with transaction.atomic(using="shared"):
        locked = Partner.objects.select_for_update().get(pk=partner.pk)
        if locked.account is None:
            locked.email, locked.country = email, country
            locked.save(update_fields=["email", "country"])
    return locked


def _problems(email: str, country: str) -> list[Problem]:
    problems = []
    for field, value in (("email", email), ("country", country)):
        if not value:
            problems.append(Problem("REQUIRED", _("This is required."), (field,)))
    if email:
        try:
            validate_email(email)
        except ValidationError:
            problems.append(Problem("INVALID", _("This is no e-mail address."), ("email",)))
    if country and not COUNTRY.fullmatch(country):
        problems.append(Problem("INVALID", _("Give a country as its two letters, such as DE."), ("country",)))
    return problems


def refresh_account(*, partner: Partner) -> Partner:
    """Ask Stripe whether a partner can be paid, and keep it. Raises Unreachable."""
    assert partner.account
    seen: SeenAccount = read_account(partner.account)
    Partner.objects.filter(pk=partner.pk).update(takes_transfers=seen.takes_transfers)
    partner.takes_transfers = seen.takes_transfers
    return partner


def hold_partner(*, vendor: str, reason: str) -> Partner:
    """Pay a partner nothing until they are released; their lines and statements go on. Refused with REQUIRED without a reason."""
    if not (reason := reason.strip()):
        raise Refused("REQUIRED", _("Say why."), "reason")
    if len(reason) > LONGEST_REASON:
        raise Refused("INVALID", _("This is too long."), "reason")
    return _set_held(vendor, reason)


def release_partner(*, vendor: str) -> Partner:
    """Pay a partner again who was held."""
    return _set_held(vendor, "")


def _set_held(vendor: str, reason: str) -> Partner:
    partner = partner_of(vendor)
    Partner.objects.filter(pk=partner.pk).update(held_why=reason)
    partner.held_why = reason
    return partner
