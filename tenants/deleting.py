"""The deletion of a tenant: after its export, for good, and remembered by name only.

The tombstone comes first: from then on nobody reaches the tenant, whatever is killed, and the same call ends what it began.
"""

import logging

from django.db import connections, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tessera.accounts.models import LoginCode, Membership, TenantSession
from tessera.accounts.oauth.models import App
from tessera.context import enter, system
from tessera.db.roles import as_owner
from tessera.errors import Refused
from tessera.files.storage import delete_everything

from tenants.epoch import forget_tenants
from tenants.exports import checksum_of, path_of
from tenants.installations.mirror import refuse_in_unit
from tenants.models import Installation, SignUp, Tenant, TenantExport

_log = logging.getLogger(__name__)


def delete_tenant(*, tenant: Tenant, export: TenantExport) -> None:
    """Delete everything that a suspended tenant holds: its schema, its files, and who belonged to it; said twice, it is done once.

    Refused: STATE unless it is suspended, EXPORT unless `export` is whole, the newest of its exports, and the file is there as it
    was written.
    """
    refuse_in_unit()
    with transaction.atomic(using="shared"):
        locked = Tenant.objects.select_for_update().get(pk=tenant.pk)
        if locked.state != Tenant.State.DELETED:
            _bury(locked, export)
    tenant.state = Tenant.State.DELETED
    _drop_everything(tenant, export)


def _bury(tenant: Tenant, export: TenantExport) -> None:
    """Leave of a tenant what is remembered, and let nobody in any more."""
    if tenant.state != Tenant.State.SUSPENDED:
        raise Refused("STATE", _("The tenant is %(state)s; suspend it first.") % {"state": tenant.get_state_display()})
    refuse_without_export(tenant, export)
    here = {"tenant_id": tenant.pk}
    for model in (TenantSession, LoginCode, Membership):
        model.objects.filter(**here).delete()
    for app in App.objects.filter(**here):
        app.client.delete()
    Installation.objects.filter(tenant=tenant).delete()
    SignUp.objects.filter(tenant=tenant).delete()
    tenant.domains.all().delete()
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.DELETED, deleted_at=timezone.now())
    forget_tenants()


def refuse_without_export(tenant: Tenant, export: TenantExport) -> None:
    """Refuse with EXPORT what is not the newest, whole export of a tenant."""
    newest = TenantExport.objects.filter(tenant=tenant).order_by("-begun_at").first()
    if newest is None or newest.pk != export.pk or newest.state != TenantExport.State.READY:
        why = newest.why if newest else ""
        raise Refused("EXPORT", _("There is no whole export of this tenant. %(why)s") % {"why": why})
    try:
        is_whole = checksum_of(newest) == newest.sha256
    except FileNotFoundError:
        is_whole = False
    if not is_whole:
        raise Refused("EXPORT", _("The file of the export is not as it was written."))


def _drop_everything(tenant: Tenant, export: TenantExport) -> None:
    with enter(tenant.ref(), actor=system("delete tenant"), modules=frozenset()):
        delete_everything()
        with as_owner(), connections["default"].cursor() as cursor:
            name = connections["default"].ops.quote_name(tenant.schema_name)
            cursor.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    kept = path_of(export)
    for file in kept.parent.iterdir() if kept.parent.is_dir() else ():
        if file != kept:
            file.unlink()  # archives of modules, and older exports
    _log.warning("the tenant %s (%s) is deleted", tenant.pk, tenant.slug)
