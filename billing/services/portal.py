"""The page at Stripe on which a company changes its card and finds its invoices."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from tessera.errors import Refused
from tessera.fields import new_id
from tessera.service import service

from billing.gateway.sessions import create_portal
from billing.mirror.customers import customer_of
from billing.permissions import BILLING_MANAGE
from billing.services.company import answered, company, speaker, stripe_locale
from billing.services.instructions import begin, finish
from tenants.hosts import tenant_url


@dataclass(frozen=True, kw_only=True)
class PortalPage:
    """Where the portal is; the address is good for some minutes."""

    url: str


@service(permission=BILLING_MANAGE, steps=True, while_read_only=True)
def open_portal() -> PortalPage:
    """Return the address of the company's portal at Stripe: card, invoices, cancelling. Refused with STATE before a first checkout."""
    tenant = company()
    customer = customer_of(tenant)
    if customer is None:
        raise Refused("STATE", _("Nothing was bought yet."))
    asked = {"back": tenant_url(tenant.slug), "locale": stripe_locale()}
    with answered():
        instruction = begin(customer=customer, act="portal", asked=asked, by=speaker(), subject=new_id().hex)
        url = create_portal(key=instruction.pk, customer=str(customer.stripe_id), back=asked["back"], locale=asked["locale"])
        finish(instruction, follows=False)
    return PortalPage(url=url)
