"""The end of a company that was archived: its export, then the notice, then its deletion; any payment before calls it off."""

from datetime import datetime, timedelta

from django.db import transaction

from billing.lifecycle.letters import write_letter
from billing.lifecycle.people import answering_in
from billing.models import Closing, Entitlement, Letter
from tenants.deleting import delete_tenant
from tenants.exports import forget_export, write_tenant_export
from tenants.models import Tenant, TenantExport

NOTICE = timedelta(days=30)  # between the export, which is told of, and the deletion
EXPORT_KEPT = timedelta(days=30)  # after the deletion
AGAIN = timedelta(hours=1)  # until an export that failed is tried again


def closing_of(entitlement: Entitlement, now: datetime) -> Closing | None:
    """Return the way of an archived company to its end, which begins now if it has not; None for a company that lives.

    One that was closed by an operator does not end by itself.
    """
    tenant = entitlement.tenant
    found = Closing.objects.filter(tenant=tenant).select_related("tenant", "export").first()
    if tenant.state == Tenant.State.DELETED:
        return found
    if entitlement.access != Entitlement.Access.ARCHIVED or not entitlement.is_withheld:
        if found is not None:
            found.delete()
            if found.export is not None:
                forget_export(found.export)  # nobody needs it any more
        return None
    if found is None:
        found = Closing(tenant=tenant, archived_at=now, owners=answering_in(tenant))
        found.save()
    return found


def bring_to_end(closing: Closing, now: datetime) -> datetime | None:
    """Do the next step towards the end, if it is time; return when to look again, None where only the calendar counts."""
    if closing.deleted_at is not None:
        return _forget(closing, now)
    if closing.delete_at is None:
        return _export(closing, now)
    if now < closing.delete_at:
        return closing.delete_at
    return _delete(closing, now)


def _export(closing: Closing, now: datetime) -> datetime:
    """Export everything, and set the day of the deletion; without an export there is none."""
    export = write_tenant_export(tenant=closing.tenant)
    if export.state != TenantExport.State.READY:
        return now + AGAIN
    closing.export, closing.delete_at = export, now + NOTICE
    closing.save(update_fields=["export", "delete_at"])
    return now  # the letter is due


def _delete(closing: Closing, now: datetime) -> datetime:
    tenant, until = closing.tenant, now + EXPORT_KEPT
    if tenant.state != Tenant.State.DELETED:
        closing.owners = answering_in(tenant)  # who is told when nobody can be looked up any more
        closing.save(update_fields=["owners"])
    assert closing.export is not None
    delete_tenant(tenant=tenant, export=closing.export)
    with transaction.atomic(using="shared"):
        closing.deleted_at = now
        closing.save(update_fields=["deleted_at"])
        about, recipients = f"{until:%Y-%m-%d}", list(closing.owners.values())
        write_letter(tenant=tenant, kind=Letter.Kind.DELETED, about=about, recipients=recipients, at=until.isoformat())
    return until


def _forget(closing: Closing, now: datetime) -> datetime | None:
    """Delete the export when its time is over; what stays is that there was a company."""
    assert closing.deleted_at is not None
    if closing.export is None or closing.export.state == TenantExport.State.GONE:
        return None
    if now < closing.deleted_at + EXPORT_KEPT:
        return closing.deleted_at + EXPORT_KEPT
    forget_export(closing.export)
    return None
