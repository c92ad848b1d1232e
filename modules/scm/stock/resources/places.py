"""Warehouses, locations, lots and what a company decided."""

from django.utils.translation import gettext_lazy as _
from tessera.api import Children, Form, List, Resource, RowScope

from modules.scm.stock import models, services

Resource(
    model=models.Warehouse,
    fields=("company", "code", "name", "address", "org_unit", "active", "version", "created_at", "updated_at"),
    writable=("name", "address", "org_unit", "active"),
    create=services.create_warehouse,
    update=True,
    filters=("company", "code", "name", "active"),
    order=("code", "name"),
    search=("code", "name"),
    children=(Children("locations", models.Location, "warehouse"),),
    views=(List(("code", "name", "company", "active")), Form(((_("Warehouse"), ("name", "address", "org_unit", "active")),))),
    scope=RowScope(company="company", unit="org_unit"),
    import_key=("company", "code"),
)
Resource(
    model=models.Location,
    fields=("company", "warehouse", "kind", "code", "name", "allow_negative", "active", "version"),
    writable=("name", "active"),
    create=services.create_location,
    update=True,
    filters=("company", "warehouse", "kind", "code", "name", "active"),
    order=("code", "name"),
    search=("code", "name"),
    children=(Children("balances", models.StockBalance, "location"),),
    views=(List(("code", "name", "kind", "warehouse", "active")),),
    scope=RowScope(company="company"),
)
Resource(
    model=models.Lot,
    fields=("item", "code", "expires_on", "note", "version"),
    writable=("expires_on", "note"),
    create=services.create_lot,
    update=True,
    filters=("item", "code", "expires_on"),
    order=("code", "expires_on"),
    search=("code",),
    views=(List(("code", "item", "expires_on")),),
)
Resource(
    model=models.StockPolicy,
    plural="StockPolicies",
    fields=("company", "default_warehouse", "locked_until", "version"),
    writable=("default_warehouse", "locked_until"),
    update=True,
    filters=("company",),
    views=(List(("company", "default_warehouse", "locked_until")),),
    scope=RowScope(company="company"),
)
