"""The customer of a tenant at Stripe."""

from billing.gateway.client import is_live
from billing.gateway.writing import create_customer
from billing.models import Customer
from tenants.models import Tenant


def customer_of(tenant: Tenant) -> Customer | None:
    """Return the tenant's customer, if Stripe has one."""
    return Customer.objects.filter(tenant=tenant, stripe_id__isnull=False).first()


def open_customer(*, tenant: Tenant, email: str) -> Customer:
    """Return the customer of a tenant, made at Stripe if there is none yet; however often and wherever it is asked, there is one.

    The row comes first and gives the call its idempotency key, so that a kill in between makes no second customer. Raises
    Unreachable when Stripe does not answer; the row waits for the next call then.
    """
    row, _new = Customer.objects.get_or_create(
        tenant=tenant, defaults={"livemode": is_live(), "name": tenant.name, "email": email}
    )
    if row.stripe_id is None:
        key, livemode = create_customer(key=row.pk, tenant=tenant.pk, name=row.name, email=row.email)
        Customer.objects.filter(pk=row.pk, stripe_id=None).update(stripe_id=key, livemode=livemode)
        row.refresh_from_db()
    return row
